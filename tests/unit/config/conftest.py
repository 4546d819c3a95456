"""A configuration folder of its own for each test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lunabot.config import Settings, load_settings

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a text as config.yaml, with environment variables as keywords."""

    def load_text(text: str, **environ: str) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, environ)

    return load_text


@pytest.fixture
def secret_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file in the folder of secrets."""

    def write(name: str, text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write
