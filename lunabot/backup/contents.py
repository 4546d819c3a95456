"""What a backup holds: the files that make a Luna, all below her configuration's folder."""

from collections.abc import Iterator
from pathlib import Path

from lunabot.admin.loader import builtin_folder
from lunabot.config import Settings
from lunabot.errors import Misconfigured

_PASSING = (".log", ".log.1", ".pid", ".tmp", "-wal", "-shm", "-journal", ".pyc")


def contents(settings: Settings) -> Iterator[Path]:
    """Yield the files in the order in which they have to be copied while Luna runs.

    What is copied later may be newer. Stores come first, for the server brings again what came
    after; the secrets next, for a persona that is known needs its keys; and the managed server
    after those who talk to it, for its numbers must not be behind theirs. Raises `Misconfigured`
    where a path leads out of the folder.
    """
    for path in (settings.config_path, settings.archive_path, settings.state_path):
        yield from _files(settings, path)
    yield from _files(settings, settings.secrets_path)
    if settings.homeserver.managed:
        synapse = settings.data / "synapse"
        yield from _files(settings, synapse / "homeserver.db")
        yield from (file for file in _files(settings, synapse) if file.name != "homeserver.db")
    for folder in settings.skill_paths:
        if (
            folder.is_relative_to(settings.folder)
            and folder.resolve() != builtin_folder().resolve()
        ):
            yield from _files(settings, folder)


def left_out(settings: Settings) -> tuple[str, ...]:
    """Return what Luna may need and a backup does not hold, a line each."""
    lines = [
        f"the commands in {folder}"
        for folder in settings.skill_paths
        if not folder.is_relative_to(settings.folder)
    ]
    if settings.llm.local_model:
        lines.append(f"the model {settings.llm.local_model}")
    if not settings.homeserver.managed:
        lines.append(f"the homeserver at {settings.homeserver.url}")
    return tuple(lines)


def _files(settings: Settings, path: Path) -> Iterator[Path]:
    if not path.is_relative_to(settings.folder) or ".." in path.parts:
        raise Misconfigured(
            f"{path} is not below {settings.folder}: a backup holds what is there. Copy it by "
            "hand while Luna is stopped, or change `store`"
        )
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in found:
        hidden = any(part.startswith(".") for part in file.relative_to(settings.folder).parts)
        if file.is_file() and not hidden and not file.name.endswith(_PASSING):
            yield file
