"""What is left of a persona behind Luna's back is named, and one command removes it."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import Homeserver
from tests.e2e.luna import LunaProcess
from tests.e2e.session import unique
from tests.e2e.traces import Traces

MISSING = {
    "no-account": "its document is here, but the server has no such account",
    "no-document": "its account is on the server, but its document is gone",
    "neither": "its secrets are here, but its account and its document are gone",
}


def forget(state: Path, *user_ids: str) -> None:
    """Remove personas' documents from a state that nobody has open."""
    tables = json.loads(state.read_text())
    for user_id in user_ids:
        del tables["personas"][user_id]
    state.write_text(json.dumps(tables))


@pytest.mark.timeout(180)
async def test_remains_are_named_and_removed(
    homeserver: Homeserver, luna: LunaProcess, admin: Administrator
) -> None:
    names = {case: unique(case) for case in (*MISSING, "whole")}
    for name in names.values():
        assert (await admin.command(f"/spawn {name} You are {name}.")).mark == "✅"
    assert await luna.stop() == 0
    async with Traces.looked_for(homeserver, luna) as traces:
        for case in ("no-account", "neither"):
            await traces.deactivate(names[case])
        gone = [traces.user_id(names[case]) for case in ("no-document", "neither")]
        await asyncio.to_thread(forget, luna.folder / "db.json", *gone)
        await luna.start()

        for case, missing in MISSING.items():
            told = f"remains of {names[case]}: {missing}: `!despawn {names[case]}`"
            await admin.person.wait_for_message(admin.room, luna.user_id, told)
        health = await admin.command("/health")
        assert all(missing in health.text for missing in MISSING.values())
        assert names["whole"] not in health.text
        assert "personas: 1 of 2 running" in health.text

        for case in MISSING:
            assert (await admin.command(f"/despawn {names[case]} --yes")).mark == "✅"
            assert traces.kept(names[case]) == []
            assert not await traces.account(names[case])
    health = await admin.command("/health")
    assert "remains of" not in health.text
    assert "personas: 1 of 1 running" in health.text
