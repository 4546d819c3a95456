"""What the engine inside Element makes of Luna: her device is signed, and she can be talked to."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.conftest import fixture
from tests.e2e.homeserver import Homeserver
from tests.e2e.process import ChildProcess
from tests.e2e.session import PASSWORD

PACKAGE = Path(__file__).parent / "js"

OLDEST_NODE = 20


def node_is_missing() -> bool:
    """Tell whether Node and npm, new enough for the engine, cannot be run here."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return True
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.removeprefix("v").partition(".")[0]) < OLDEST_NODE


pytestmark = pytest.mark.skipif(
    node_is_missing(), reason=f"needs Node {OLDEST_NODE} or newer, and npm"
)


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    return {"encrypted": True}


async def run(folder: Path, *command: str, timeout_s: float = 120) -> list[str]:
    """Run a command to its end and return what it printed."""
    process = ChildProcess(command, folder=folder)
    await process.start()
    try:
        status = await process.wait(timeout_s)
    finally:
        await process.kill()  # where it still runs
    assert status == 0, process.describe("it failed")
    return process.output


@fixture(scope="module")
async def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checks with the packages they need, outside of the repository."""
    folder = tmp_path_factory.mktemp("js") / "check"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("node_modules"))
    try:
        await run(folder, "npm", "ci", "--no-audit", "--no-fund")
    except (AssertionError, TimeoutError) as error:
        pytest.skip(f"npm cannot fetch matrix-js-sdk: {error}")
    return folder


async def test_an_administrator_verifies_her_by_emoji(
    homeserver: Homeserver, admin: Administrator, package: Path
) -> None:
    task = {
        "url": homeserver.url,
        "user": admin.person.localpart,
        "password": PASSWORD,
        "luna": admin.luna_id,
    }
    seen = json.loads((await run(package, "node", "verify.mjs", json.dumps(task)))[-1])
    assert [device["signedByOwner"] for device in seen["devices"]] == [True]
    assert seen["announced"] and seen["verified"]


async def test_element_trusts_luna_and_commands_her_encrypted(
    homeserver: Homeserver, admin: Administrator, package: Path
) -> None:
    task = {
        "url": homeserver.url,
        "user": admin.person.localpart,
        "password": PASSWORD,
        "luna": admin.luna_id,
        "room": admin.room,
    }
    seen = json.loads((await run(package, "node", "check.mjs", json.dumps(task)))[-1])
    assert [device["signedByOwner"] for device in seen["devices"]] == [True]
    assert seen["commandEncrypted"] and seen["answerEncrypted"]
    assert seen["mark"] == "✅"
    assert seen["answer"]
