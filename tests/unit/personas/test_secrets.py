"""The secrets of personas: files for their owner's eyes, and none left of one that is gone."""

from pathlib import Path

import pytest

from lunabot.matrix.ids import UserId
from lunabot.personas.secrets import PersonaSecrets

SCOUT, SCOUTS = UserId("@scout:localhost"), UserId("@scouts:localhost")


@pytest.fixture
def secrets(tmp_path: Path) -> PersonaSecrets:
    return PersonaSecrets(tmp_path)


def test_a_password_is_made_once_and_kept_for_its_owner_alone(
    secrets: PersonaSecrets, tmp_path: Path
) -> None:
    password = secrets.password(SCOUT)
    assert secrets.password(SCOUT) == password != secrets.password(SCOUTS)
    (file,) = tmp_path.rglob("scout.password")
    assert file.stat().st_mode & 0o777 == 0o600
    assert secrets.known() == {"scout", "scouts"}


def test_all_secrets_of_one_persona_go_and_no_other(
    secrets: PersonaSecrets, tmp_path: Path
) -> None:
    def write(user_id: UserId, name: str) -> None:
        secrets.password(user_id)
        secrets.session(user_id).write_text("{}")
        for path in (tmp_path / "cross_signing" / name, tmp_path / "crypto" / f"{user_id}_DEV.db"):
            path.parent.mkdir(exist_ok=True)
            path.write_text("keys")

    write(SCOUTS, "scouts")
    kept = set(tmp_path.rglob("*"))
    write(SCOUT, "scout")
    assert set(tmp_path.rglob("*")) > kept
    secrets.remove(SCOUT)
    assert set(tmp_path.rglob("*")) == kept


def test_removing_what_never_was_is_no_error(secrets: PersonaSecrets) -> None:
    secrets.remove(SCOUT)
    assert secrets.known() == frozenset()
