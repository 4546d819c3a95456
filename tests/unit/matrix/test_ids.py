"""Taking identifiers apart and putting them together."""

import pytest

from lunabot.matrix.ids import UserId, is_valid_localpart, localpart, server_name, user_id


@pytest.mark.parametrize(
    ("identifier", "local", "server"),
    [
        ("@ada:localhost", "ada", "localhost"),
        ("@ada:localhost:8448", "ada", "localhost:8448"),
        ("@ada:[::1]:8448", "ada", "[::1]:8448"),
        ("@a=2fb/c:example.org", "a=2fb/c", "example.org"),
        ("@broken", "broken", ""),
    ],
)
def test_parts_of_a_user_id(identifier: str, local: str, server: str) -> None:
    assert localpart(identifier) == local
    assert server_name(UserId(identifier)) == server


def test_the_localpart_of_an_alias() -> None:
    assert localpart("#luna-admin:localhost") == "luna-admin"


def test_a_name_gets_its_server_and_a_whole_id_keeps_its_own() -> None:
    assert user_id("ada", "localhost") == "@ada:localhost"
    assert user_id("@ada:example.org", "localhost") == "@ada:example.org"


@pytest.mark.parametrize("name", ["ada", "a", "0", "a.b_c-d=e/f+g"])
def test_names_for_new_accounts(name: str) -> None:
    assert is_valid_localpart(name)


@pytest.mark.parametrize("name", ["", "Ada", "ada lovelace", "ä", "@ada", "a:b", "_ada", "ada\n"])
def test_names_no_account_may_have(name: str) -> None:
    assert not is_valid_localpart(name)
