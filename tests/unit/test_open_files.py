"""The limit on open files is raised as far as it goes, and never lowered."""

import resource
from collections.abc import Iterator

import pytest

from lunabot.open_files import allow_many


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """The limits of this process, which has them again afterwards."""
    now = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield now
    resource.setrlimit(resource.RLIMIT_NOFILE, now)


def test_a_low_limit_is_raised_as_far_as_is_allowed(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    allow_many()
    soft, after = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= 10_240 or soft == hard
    assert after == hard


def test_a_high_limit_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[object] = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (100_000, 200_000))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: set_to.append(pair))
    allow_many()
    assert set_to == []


def test_where_less_is_granted_than_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[tuple[int, int]] = []

    def grant(kind: int, pair: tuple[int, int]) -> None:
        if pair[0] > 10_240:
            raise ValueError("current limit exceeds maximum limit")
        set_to.append(pair)

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", grant)
    allow_many()
    assert set_to == [(10_240, resource.RLIM_INFINITY)]
