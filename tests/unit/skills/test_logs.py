"""``/rotate_logs``: the log begins anew, its past can be had as a file."""

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunabot.errors import UserMistake
from lunabot.logs import LogFile
from tests.unit.skills.running import House


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    handler = LogFile(tmp_path / "luna.log")
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    handler.close()


async def test_without_a_log_there_is_nothing_to_rotate(house: House) -> None:
    with pytest.raises(UserMistake, match="without a log file"):
        await house.run("rotate_logs")


async def test_an_empty_log_stays(house: House, log: LogFile) -> None:
    assert await house.run("rotate_logs --send") == "**The log is empty**: nothing was rotated."
    assert house.account.acts == []


async def test_its_past_is_kept_and_sent_where_that_is_asked(house: House, log: LogFile) -> None:
    logging.getLogger("lunabot").error("what was")
    said = await house.run("rotate_logs")
    assert said.startswith("**The log begins anew.** What it held is `luna-2")
    assert "1 earlier log kept" in said
    assert house.account.acts == []
    logging.getLogger("lunabot").error("what came then")
    await house.run("rotate_logs --send")
    ((kind, name, content, mimetype),) = house.account.acts
    assert (kind, mimetype) == ("file", "application/gzip")
    assert name.endswith(".log.gz")
    assert gzip.decompress(content) == b"what came then\n"
