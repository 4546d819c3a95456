"""The clock of Luna's machine is set back, and forward, by an hour while she runs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.house import House
from tests.e2e.talk import hear, times_said
from tests.faults.world import World
from tests.tokens import new_token

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOUR_S = 3600


@pytest.fixture(scope="module")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that sets the clock; skips where no compiler or another linker is."""
    compiler = shutil.which("cc")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    command = [str(compiler), "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    if compiler is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no compiler for the library that sets the clock")
    return library


async def test_an_hour_back_and_forth_changes_nothing(
    world: World, preload: Path, tmp_path: Path
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    environment = {"LD_PRELOAD": str(preload), "CLOCK_OFFSET": str(offset)}
    async with House(world.server, tmp_path / "house", world.model.base_url) as house:
        person = await house.person()
        luna, admin = await house.household(environment=environment)
        room = await person.direct(luna.user_id)

        async def ask() -> None:
            token = new_token()
            await person.send(room, f"what of {token}?")
            await hear(person, room, luna.user_id, token)
            assert times_said(person, room, luna.user_id, token) == 1

        await ask()
        for seconds in (-HOUR_S, HOUR_S):
            asked = await admin.say(f"/purge messages {room}")
            await admin.question(asked)
            offset.write_text(str(seconds))
            await ask()
            answered = await admin.command("!no")
            assert answered.mark == "✅", answered.text  # it was still open
            assert (await admin.command("/usage")).mark == "✅"
        await luna.restart()
        await ask()
        log = (luna.folder / "data" / "logs" / "luna.log").read_text()
        assert "Traceback" not in log + luna.log
        moments = [line[:13] for line in log.splitlines() if line[:2] == "20"]
        assert len(set(moments)) > 1  # her clock was set indeed
