"""What is sealed can be read with the passphrase, and with nothing else, and not changed unseen."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.backup import sealing
from lunabot.backup.sealing import SealedReader, SealedWriter
from lunabot.errors import WorldError

PASSPHRASE = "correct horse battery"
CHUNK = 65_536


def sealed(content: bytes, *, step: int = 10_000) -> bytes:
    file = io.BytesIO()
    with SealedWriter(file, PASSPHRASE) as writer:
        for start in range(0, len(content), step):
            writer.write(content[start : start + step])
    return file.getvalue()


def opened(data: bytes, passphrase: str = PASSPHRASE, *, size: int = 10_000) -> bytes:
    reader = SealedReader(io.BytesIO(data), passphrase)
    return b"".join(iter(lambda: reader.read(size), b""))


@settings(max_examples=25)
@given(
    size=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 200_000]),
    step=st.integers(1_000, 150_000),
    read=st.integers(1_000, 150_000),
)
def test_what_is_written_in_any_steps_is_read_in_any_steps(size: int, step: int, read: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(content[:size], step=step), size=read) == content[:size]


def test_neither_the_words_nor_the_passphrase_are_in_it() -> None:
    data = sealed(b"a word in the clear" * 10)
    assert b"clear" not in data
    assert PASSPHRASE.encode() not in data
    assert data != sealed(b"a word in the clear" * 10)  # another salt, another key


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(WorldError, match="another one, or the backup is damaged"):
        opened(sealed(b"x"), "incorrect horse")


def test_any_changed_byte_shows() -> None:
    data = sealed(b"x" * (CHUNK + 100))
    for position in [*range(70), 1000, CHUNK + 90, len(data) - 1]:
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(WorldError):
            opened(bytes(changed))


@pytest.mark.parametrize("length", [0, 10, 37, 50, 62, 100, 62 + CHUNK + 17, -1])
def test_an_end_that_is_missing_shows(length: int) -> None:
    with pytest.raises(WorldError):
        opened(sealed(b"x" * (CHUNK + 100))[:length])


def test_something_behind_the_end_shows() -> None:
    with pytest.raises(WorldError, match="damaged"):
        opened(sealed(b"x") + b"y")


def test_chunks_cannot_change_places() -> None:
    data, first, length = sealed(bytes(3 * CHUNK)), 62, CHUNK + 17
    one, two = data[first : first + length], data[first + length : first + 2 * length]
    with pytest.raises(WorldError):
        opened(data[:first] + two + one + data[first + 2 * length :])


def test_what_was_cut_off_by_an_error_has_no_end() -> None:
    file = io.BytesIO()
    with pytest.raises(OSError, match="full"), SealedWriter(file, PASSPHRASE) as writer:
        writer.write(b"x")
        raise OSError("full")
    with pytest.raises(WorldError):
        opened(file.getvalue())


def test_a_file_cannot_ask_for_all_the_memory_there_is() -> None:
    head = sealing._HEAD.pack(sealing._MAGIC, bytes(16), 1, 2**31)
    with pytest.raises(WorldError, match="damaged"):
        opened(head + bytes(100))
