"""Pictures of Luna at work: ``python -m doctools.pictures docs/pictures`` writes two PNG files.

A Luna with a homeserver of her own, and Hydrogen, a Matrix client, in a browser without a window.
All of it goes as it does for people: an administrator and a guest log in, accept an invitation and
type, end-to-end encrypted where the room is; what the pictures show is what Luna sent. Only the
model's answers were written beforehand, by `answer`.

It needs, besides what the tests need, ``pip install playwright``, a Chromium (Debian's package, or
``CHROMIUM=/path/to/it``), and npm. A run takes a minute or two.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.e2e.process import ChildProcess
from tests.fake_model import Answer, FakeModel, Request

CLIENT = Path(__file__).parent / "client"
BUNDLE = "--bundle --format=esm --outfile=client.js --external:fs --external:path --external:crypto"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync")
PHONE = ViewportSize(width=440, height=1040)  # CSS pixels, of two dots each
PATIENCE_MS = 60_000

ROOM = "Skerry Point"
SEED = {
    "users": [{"name": "ann"}],
    "personas": [
        {
            "name": "keeper",
            "displayname": "The Keeper",
            "system_prompt": "You keep the lighthouse of Skerry Point, and have seen too much.",
            "rooms": [ROOM],
        },
        {
            "name": "mora",
            "displayname": "Captain Mora",
            "system_prompt": "You are Captain Mora. You believe in charts, and not in ghosts.",
            "rooms": [ROOM],
        },
    ],
    "rooms": [{"name": ROOM, "members": ["ann", "keeper", "mora"]}],
}
SUMMONS = "!spawn scout You are Scout, who knows every trail."
GREETING = "Mind the loose stone there. Where do you want to go?"
QUESTION = "Keeper, why was the lamp dark last night?"
KEEPERS = (
    "It was not dark. I lit it at dusk, and it burned until four. But the fog stood so close that "
    "I could not see my own hand on the rail. Ask Captain Mora: she came by at midnight."
)
MORAS = (
    "At **0:20**, to be exact, and I saw no light. Two things can swallow one: fog, or a "
    "shutter that somebody has closed.\n\nWho else has the key to the lantern room, Keeper?"
)
KEEPER_AGAIN = "There was one other key. It hung by the door until the inspector left on Tuesday."
DOUBT = "Keeper, which inspector?"
KEEPER_AT_LAST = "Tall, in soft boots. Not one word about the lamp. I should have wondered."


def answer(request: Request) -> Answer:
    """Return what the model says, to whom it plays and what was said before."""
    if "Scout" in request.system:
        return Answer(GREETING)
    if "Captain Mora" in request.system:
        return Answer(MORAS)
    if DOUBT in request.last_user:
        return Answer(KEEPER_AT_LAST)
    return Answer(KEEPER_AGAIN if "lantern room" in str(request.messages) else KEEPERS)


@dataclass(frozen=True, slots=True)
class Luna:
    """A running Luna: where her homeserver answers, and the passwords she made."""

    homeserver: str
    folder: Path

    def password(self, localpart: str) -> str:
        """Return the generated password of an account."""
        return (self.folder / "secrets" / "passwords" / localpart).read_text().strip()


@asynccontextmanager
async def running_luna(folder: Path, model: FakeModel) -> AsyncIterator[Luna]:
    """Run ``luna up`` with a homeserver of her own."""
    homeserver = f"http://127.0.0.1:{free_port()}"
    configuration = {
        "homeserver": {"url": homeserver, "name": "localhost", "managed": True},
        "llm": {"base_url": model.base_url, "model": "fake"},
        "seed": SEED,
    }
    file = folder / "config.yaml"
    file.write_text(json.dumps(configuration))  # YAML, too
    process = ChildProcess([sys.executable, "-m", "lunabot", "up", "--config", str(file)])
    await process.start()
    try:
        await process.wait_for_line("^Luna is ready", 120)
        yield Luna(homeserver, folder)
    finally:
        await process.stop(20)


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served_client(folder: Path) -> AsyncIterator[str]:
    """Build Hydrogen in a new folder and serve it; yield the address of its page."""
    shutil.copytree(CLIENT, folder)
    await run(folder, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund")
    await run(folder, "npx", "esbuild", "main.js", *BUNDLE.split())
    sdk = folder / "node_modules" / "hydrogen-view-sdk"
    shutil.copytree(sdk / "asset-build" / "assets", folder / "assets")
    shutil.copytree(folder / "node_modules" / "@matrix-org" / "olm", folder / "olm")
    shutil.copy(sdk / "lib-build" / "sw.js", folder)
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/index.html"
    finally:
        await runner.cleanup()


async def run(folder: Path, *command: str) -> None:
    """Run a command to its end; AssertionError with what it said when it fails."""
    process = ChildProcess(command, folder=folder)
    await process.start()
    status = await process.wait(300)
    assert status == 0, process.describe("it failed")


class Phone:
    """Somebody's phone with Hydrogen on it, as large as `PHONE`."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @classmethod
    async def logged_in(cls, browser: Browser, client: str, luna: Luna, localpart: str) -> "Phone":
        """Return the phone of an account whose password Luna has made."""
        context = await browser.new_context(viewport=PHONE, device_scale_factor=2)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(f"{client}?homeserver={luna.homeserver}")
        await page.fill("#username", localpart)
        await page.fill("#password", luna.password(localpart))
        await page.click("button[type=submit]")
        return cls(page)

    async def join(self, room: str) -> None:
        """Accept the invitation to a room and open it."""
        await self._page.click(f"text={room}")
        await self._page.click("text=Accept")
        await self._page.wait_for_selector("textarea")

    async def say(self, text: str) -> None:
        """Type a message and send it."""
        await self._page.fill("textarea", text)
        await self._page.press("textarea", "Enter")

    async def sees(self, text: str) -> None:
        """Return once a text stands in the room, in one piece."""
        await self._page.locator(".Timeline").get_by_text(text).first.wait_for()

    async def picture(self, file: Path) -> None:
        """Take a picture of the screen."""
        await self._page.mouse.move(0, 0)  # what is pointed at looks different
        await self._page.locator("textarea").blur()
        await self._page.wait_for_timeout(1000)  # what scrolls or fades has come to rest
        await self._page.screenshot(path=file)


async def make(folder: Path) -> None:
    """Write ``admin-room.png`` and ``conversation.png`` into a folder."""
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(FakeModel(answer))
        client = await stack.enter_async_context(served_client(scratch / "client"))
        luna = await stack.enter_async_context(running_luna(scratch, model))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        stack.push_async_callback(browser.close)
        admin = await Phone.logged_in(browser, client, luna, "admin")
        await admin.join("Luna – admin")
        await admin.say("!seed")
        await admin.sees("Passwords that I made")
        await admin.say(SUMMONS)
        await admin.sees("is here.")
        await admin.say("!despawn scout")
        await admin.sees("for five minutes")
        await admin.picture(folder / "admin-room.png")
        ann = await Phone.logged_in(browser, client, luna, "ann")
        await ann.join(ROOM)
        await ann.say(QUESTION)
        await ann.sees(KEEPER_AGAIN)
        await ann.say(DOUBT)
        await ann.sees(KEEPER_AT_LAST)
        await ann.picture(folder / "conversation.png")


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
