"""Documents of TinyDB that are found by name: a room id, a user id, a word."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tinydb.storages import Storage
from tinydb.table import Document, Table


class _NamedTable(Table):
    document_id_class = str  # type: ignore[assignment]  # TinyDB's hints know only numbers


class Documents:
    """One table of a TinyDB storage.

    What stands in a field is replaced, never changed in place, so that a shallow copy of a
    document is a snapshot of it.
    """

    def __init__(self, storage: Storage, table: str) -> None:
        self._table = _NamedTable(storage, table)

    def __iter__(self) -> Iterator[str]:
        return (str(document.doc_id) for document in self._table)

    def get(self, name: str) -> Mapping[str, Any]:
        """Return the fields of a document; there are none where it does not exist."""
        return self._table.get(doc_id=_as_id(name)) or {}

    def put(self, name: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a document, making it where it does not exist; others stay."""
        self._table.upsert(Document(fields, _as_id(name)))

    def replace(self, name: str, fields: Mapping[str, Any]) -> None:
        """Give a document these fields and no others, making it where it does not exist."""
        self.remove(name)
        self._table.insert(Document(fields, _as_id(name)))

    def remove(self, name: str) -> None:
        """Remove a document if it exists."""
        self._table.remove(doc_ids=[_as_id(name)])

    def clear(self) -> None:
        """Remove all documents."""
        self._table.truncate()


def _as_id(name: str) -> int:
    return cast("int", name)  # as above
