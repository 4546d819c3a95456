"""A file that only a passphrase opens, written and read as a stream. Blocks: not for the loop.

The format, integers big-endian::

    14 bytes  b"LUNA-BACKUP-1\\n"
    16 bytes  salt
     4 bytes  passes          of Argon2id (RFC 9106), which makes the key from passphrase and salt
     4 bytes  memory in KiB
    24 bytes  header of libsodium's secretstream (XChaCha20-Poly1305)
    then      chunks of 65,536 bytes, the last one shorter or empty, each 17 bytes longer encrypted

The first 38 bytes are authenticated with every chunk and the last chunk is marked as such, so that
no byte can be changed, moved, left out or added unseen.
"""

import secrets
import struct
from types import TracebackType
from typing import BinaryIO, Self

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from lunabot.errors import WorldError

_MAGIC = b"LUNA-BACKUP-1\n"
_HEAD = struct.Struct(f">{len(_MAGIC)}s16sII")
_CHUNK = 65_536  # bytes
_ENCRYPTED_CHUNK = _CHUNK + bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_PASSES, _MEMORY_KIB = 3, 65_536  # RFC 9106, section 4, the second recommended option
_MOST_PASSES, _MOST_MEMORY_KIB = 16, 1_048_576  # a file may not ask for more than that
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_STREAM_HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES


class SealedWriter:
    """Encrypts what is written; what is left is written when the ``with`` ends without an error."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = secrets.token_bytes(16)
        self._file = file
        self._head = _HEAD.pack(_MAGIC, salt, _PASSES, _MEMORY_KIB)
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        key = _key(passphrase, salt, _PASSES, _MEMORY_KIB)
        header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._file.write(self._head + header)
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._push(bytes(self._waiting), _LAST)

    def write(self, data: bytes) -> int:
        """Encrypt some bytes; return how many."""
        self._waiting += data
        while len(self._waiting) >= _CHUNK:
            self._push(bytes(self._waiting[:_CHUNK]))
            del self._waiting[:_CHUNK]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a chunk is written when it is full."""

    def _push(self, chunk: bytes, tag: int = 0) -> None:
        push = bindings.crypto_secretstream_xchacha20poly1305_push
        self._file.write(push(self._state, chunk, self._head, tag))


class SealedReader:
    """Decrypts a file. Raises `WorldError` for one that is no backup, another's, or damaged."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._file = file
        self._head = file.read(_HEAD.size)
        header = file.read(_STREAM_HEADER)
        if not self._head.startswith(_MAGIC) or len(header) < _STREAM_HEADER:
            raise WorldError("It is no backup of Luna's")
        _, salt, passes, memory_kib = _HEAD.unpack(self._head)
        if passes > _MOST_PASSES or memory_kib > _MOST_MEMORY_KIB:
            raise WorldError("The backup is damaged")
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        key = _key(passphrase, salt, passes, memory_kib)
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(self._state, header, key)
        self._refusal = "The passphrase is another one, or the backup is damaged"
        self._ready = bytearray()
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return the next bytes: `size` of them, fewer at the end alone."""
        while len(self._ready) < size and not self._ended:
            self._ready += self._pull()
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def _pull(self) -> bytes:
        pull = bindings.crypto_secretstream_xchacha20poly1305_pull
        try:
            chunk, tag = pull(self._state, self._file.read(_ENCRYPTED_CHUNK), self._head)
        except CryptoError as error:
            raise WorldError(self._refusal) from error
        self._ended = tag == _LAST
        if self._ended and self._file.read(1):
            raise WorldError("The backup is damaged")
        self._refusal = "The backup is damaged"
        return chunk


def _key(passphrase: str, salt: bytes, passes: int, memory_kib: int) -> bytes:
    size = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
    try:
        return argon2id.kdf(size, passphrase.encode(), salt, passes, memory_kib * 1024)
    except CryptoError as error:
        raise WorldError("The backup is damaged") from error
