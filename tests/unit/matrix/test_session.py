"""A session survives a restart, in a file for nobody else's eyes."""

import stat
from pathlib import Path

import pytest

from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.session import Session, load_session, save_session

SESSION = Session(UserId("@luna:localhost"), DeviceId("DEVICE"), "syt_secret")


def test_a_session_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "session.json"
    save_session(path, SESSION)
    assert load_session(path) == SESSION
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_session_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    save_session(path, SESSION)
    newer = Session(SESSION.user_id, DeviceId("OTHER"), "syt_other")
    save_session(path, newer)
    assert load_session(path) == newer


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"user_id": "@luna:localhost"}', "\udcff"]
)
def test_a_file_that_cannot_be_read_is_no_session(tmp_path: Path, text: str) -> None:
    path = tmp_path / "session.json"
    assert load_session(path) is None
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert load_session(path) is None


def test_the_token_is_never_shown() -> None:
    assert "secret" not in f"{SESSION} {SESSION!r} {[SESSION]}"
    assert "@luna:localhost" in repr(SESSION)
