"""Running a built-in command as the admin room does, on a homeserver's own answers."""

from typing import Any

import aiohttp

from lunabot.admin.call import Call
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.services import Services
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver
from tests.fake_services import command, services

REGISTRY = load_skills([builtin_folder()]).registry
V3 = "/_matrix/client/v3"


class House:
    """The services of commands, whose homeserver calls reach a fake one."""

    def __init__(
        self,
        account: FakeAccount,
        memory: Memory,
        home: FakeHomeserver,
        session: aiohttp.ClientSession,
    ) -> None:
        http = HomeserverClient(home.url, session)
        self.account = account
        self.home = home
        self.stopped: list[str] = []
        self.services: Services = services(
            account,
            memory,
            registry=REGISTRY,
            client_api=ClientApi(http, lambda: home.session.access_token),
            admin_api=AdminApi(http, lambda: home.session.access_token),
            request_shutdown=self.stopped.append,
            begin_anew=self.stopped.append,
        )

    async def run(self, line: str) -> str:
        """Run a command, given without its slash; return what it says."""
        verb, _, text = line.partition(" ")
        call = Call(command(f"/{line}"), self.services, _no_report)
        answer = await REGISTRY.require(verb).read(text, "localhost").run(call)
        assert answer.ok
        return answer.markdown

    def answer(self, path: str, answer: Any) -> None:
        """Let the homeserver answer a path so."""
        self.home.answers[path] = answer

    def asked(self, path: str) -> list[Any]:
        """Return the bodies of the requests to a path."""
        return [request.body for request in self.home.requests if request.path == path]


async def _no_report(text: str) -> None:
    """Show nothing."""
