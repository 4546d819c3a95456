"""The state's schema, as numbered migrations.

The file says which schema it has, in the same save as its content: a migration that a crash cuts
short is begun anew, one that was saved is never run again. A new table needs no migration, since
what is not known is kept.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from lunabot.errors import WorldError
from lunabot.memory import json_file
from lunabot.memory.json_file import Tables

Migration = Callable[[Tables], Tables]

MIGRATIONS: tuple[Migration, ...] = ()
"""What leads from schema 1 to 2, to 3, …; one that was released is never changed, only followed."""


def migrate(path: Path, tables: Tables, migrations: Sequence[Migration] = MIGRATIONS) -> Tables:
    """Return the tables of a file in the newest schema, marked with its number.

    Before the first step, what the file held is kept as ``NAME.schema-N``. Raises `WorldError`
    when a newer Luna wrote the file, and `OSError` when the copy cannot be kept. Blocks.
    """
    newest = 1 + len(migrations)
    version = tables.get("schema", {}).get("state", {}).get("version", newest)
    if not isinstance(version, int) or not 1 <= version <= newest:
        raise WorldError(
            f"{path} was written by another Luna (schema {version}, this one knows {newest}). "
            "It was left as it is: start that version, or move it away."
        )
    if version < newest:
        json_file.save(path.with_name(f"{path.name}.schema-{version}"), tables)
    for step in migrations[version - 1 :]:
        tables = step(tables)
    return {**tables, "schema": {"state": {"version": newest}}}
