"""Counting tokens and cutting texts to a number of them."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from typing import Protocol

import tiktoken

from lunabot.prompt.encodings import encoding_for, read_encoding

# No Matrix event is longer. tiktoken's regular expressions give up on runs of a million.
_CHUNK = 65_536
_REMEMBERED = 8_192


class Counter(Protocol):
    """Whatever tells how many tokens a text takes."""

    def count(self, text: str) -> int:
        """Return the number of tokens, or an upper bound of it."""


class ByteBound:
    """An upper bound that needs no tables: a token stands for at least one byte of UTF-8."""

    def count(self, text: str) -> int:
        """Return the length in bytes."""
        return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


class Tokenizer:
    """Counts exactly, once its tables are loaded: 60 MB and half a second, so only when needed.

    `encoding_name` is the encoding of the model, or the one its tokens are estimated by. Safe to
    use from several threads.
    """

    def __init__(self, model: str) -> None:
        self.encoding_name, _ = encoding_for(model)
        self._encoding: tiktoken.Encoding | None = None
        self._loading = threading.Lock()
        self._counts = _Counts(_REMEMBERED)

    @property
    def loaded(self) -> bool:
        """Whether the tables are in memory."""
        return self._encoding is not None

    async def load(self) -> None:
        """Load the tables in a thread; raises `WorldError` where they are damaged.

        tiktoken holds Python's lock for 0.2 s of it: best done before the first sync.
        """
        if not self.loaded:
            await asyncio.to_thread(self._ready)

    def count(self, text: str) -> int:
        """Return the number of tokens; loads the tables when that was not done before.

        Special tokens count as the plain text they are. 60 KiB take up to 25 ms, what was
        counted before a microsecond. Texts over 64 Ki characters are counted in pieces, and the
        result may be off by a token a piece.
        """
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._counts.get(key)
        if known is None:
            encode = self._ready().encode_ordinary
            starts = range(0, len(text), _CHUNK)
            known = sum(len(encode(text[start : start + _CHUNK])) for start in starts)
            self._counts.put(key, known)
        return known

    def fits(self, text: str, limit: int) -> bool:
        """Tell whether a text takes at most so many tokens, without the tables if that shows."""
        return ByteBound().count(text) <= limit or self.count(text) <= limit

    def cut(self, text: str, limit: int) -> str:
        """Return the text in at most so many tokens; see `cut`."""
        return text if self.fits(text, limit) else cut(text, limit, self)

    def _ready(self) -> tiktoken.Encoding:
        with self._loading:
            if self._encoding is None:
                self._encoding = read_encoding(self.encoding_name)
            return self._encoding


def cut(text: str, limit: int, counter: Counter) -> str:
    """Return the text in at most `limit` tokens: head and tail, and a mark for what is missing.

    Empty where not even the mark fits.
    """
    total = counter.count(text)
    if total <= limit:
        return text
    kept = len(text) * limit // total
    while kept > 0:
        head, tail = text[: (kept + 1) // 2], text[len(text) - kept // 2 :]
        missing = max(total - counter.count(head) - counter.count(tail), 1)
        shorter = f"{head} [… {missing} tokens left out …] {tail}"
        size = counter.count(shorter)
        if size <= limit:
            return shorter
        kept = min(kept - 1, kept * limit // size)
    return ""


class _Counts:
    """The counts of the texts seen last, by digest, so that long texts are not kept alive."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> int | None:
        with self._lock:
            if key in self._counts:
                self._counts.move_to_end(key)
            return self._counts.get(key)

    def put(self, key: bytes, count: int) -> None:
        with self._lock:
            self._counts[key] = count
            if len(self._counts) > self._capacity:
                self._counts.popitem(last=False)
