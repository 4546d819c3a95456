"""Whose invitations are followed: the whole table."""

import pytest

from lunabot.matrix.ids import UserId
from lunabot.matrix.invites import is_welcome

ME = UserId("@luna:home")


@pytest.mark.parametrize(
    ("inviter", "allowed", "welcome"),
    [
        ("@admin:home", [], True),
        ("@ann:home", [], False),
        ("@ann:home", ["local"], True),
        ("@ann:away", ["local"], False),
        ("@ann:away", ["away"], True),
        ("@ann:away", ["@ann:away"], True),
        ("@bob:away", ["@ann:away"], False),
        ("@ann:away", ["everyone"], True),
        ("@ann:home.evil", ["local", "home"], False),
    ],
)
def test_invites(inviter: str, allowed: list[str], welcome: bool) -> None:
    administrators = {UserId("@admin:home")}
    decided = is_welcome(UserId(inviter), me=ME, administrators=administrators, allowed=allowed)
    assert decided is welcome
