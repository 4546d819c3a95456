"""Documents by name, on TinyDB."""

from tinydb.storages import MemoryStorage

from lunabot.memory.documents import Documents


def _rooms() -> Documents:
    return Documents(MemoryStorage(), "rooms")  # type: ignore[no-untyped-call]


def test_a_document_that_is_not_there_has_no_fields() -> None:
    assert dict(_rooms().get("!a:b")) == {}


def test_fields_are_set_one_by_one_and_unknown_ones_stay() -> None:
    rooms = _rooms()
    rooms.put("!a:b", {"welcomed": False, "from_a_later_version": 1})
    rooms.put("!a:b", {"welcomed": True})
    assert rooms.get("!a:b") == {"welcomed": True, "from_a_later_version": 1}


def test_a_document_can_be_replaced_and_removed() -> None:
    rooms = _rooms()
    rooms.put("!a:b", {"welcomed": True, "old": 1})
    rooms.replace("!a:b", {"welcomed": False})
    assert rooms.get("!a:b") == {"welcomed": False}
    rooms.replace("!c:d", {"welcomed": True})
    rooms.remove("!a:b")
    rooms.remove("!a:b")
    assert list(rooms) == ["!c:d"]


def test_names_are_listed_until_all_are_cleared() -> None:
    rooms = _rooms()
    rooms.put("!a:b", {})
    rooms.put("7", {})
    assert list(rooms) == ["!a:b", "7"]
    rooms.clear()
    assert list(rooms) == []


def test_what_was_read_is_a_copy() -> None:
    rooms = _rooms()
    rooms.put("!a:b", {"welcomed": False})
    before = rooms.get("!a:b")
    rooms.put("!a:b", {"welcomed": True})
    assert before == {"welcomed": False}
