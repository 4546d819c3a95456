"""`luna check`: what is wrong with a server or a model, line by line. It changes nothing."""

from dataclasses import dataclass

import aiohttp

from lunabot.admin.reloading import load_all_skills
from lunabot.config import Settings
from lunabot.errors import LunaError, WorldError
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.synapse import loopback_address, require_free
from lunabot.instance import running_pid
from lunabot.llm.client import ModelClient
from lunabot.llm.local import find_toy

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    ok: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.text}"


async def check(settings: Settings) -> list[Line]:
    """Look at everything a start needs and return a line for each thing."""
    lines = [Line(True, "the configuration can be read")]
    lines += [Line(False, warning) for warning in settings.warnings]
    lines += [await _server(settings), await _model(settings)]
    skills = await load_all_skills(settings)
    lines += [Line(False, problem) for problem in skills.problems]
    lines.append(Line(True, f"{len(skills.registry.skills)} commands are declared"))
    return lines


async def _server(settings: Settings) -> Line:
    url, pid = settings.homeserver.url, running_pid(settings.data)
    if settings.homeserver.managed and pid is None:
        try:
            require_free(*loopback_address(url))
        except WorldError as error:
            return Line(False, str(error))
        return Line(True, f"a Synapse of Luna's own will be started at {url}")
    async with aiohttp.ClientSession() as session:
        http = HomeserverClient(url, session, patience_s=_PATIENCE_S)
        try:
            await http.call("GET", "/_matrix/client/versions")
        except WorldError as error:
            return Line(False, str(error))
    return Line(True, f"the homeserver at {url} answers")


async def _model(settings: Settings) -> Line:
    llm = settings.llm
    if not llm.is_configured:
        return _local_model(settings)
    key = llm.api_key.get_secret_value()
    client = ModelClient(
        llm.base_url,
        key,
        llm.model,
        temperature=llm.temperature,
        timeout_s=_PATIENCE_S,
        max_tokens=settings.context.reply_tokens,
        max_concurrent=1,
        retry_total_s=_PATIENCE_S,
    )
    try:
        await client.check()
    except LunaError as error:
        return Line(False, f"the model: {error}")
    finally:
        await client.close()
    return Line(True, f"the model {llm.model} answers at {client.host}")


def _local_model(settings: Settings) -> Line:
    try:
        file = settings.local_model_path or find_toy()
    except LunaError as error:
        return Line(False, str(error))
    if not file.is_file():
        return Line(False, f"llm.local_model: there is no file {file}")
    return Line(True, f"no endpoint is set: the model in {file.name} will run on this machine")
