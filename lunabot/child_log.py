"""The log file of a child process, and the one line in it that says what went wrong."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lunabot.logs import KEPT, LARGEST_BYTES, aside, compress

_TAIL_BYTES = 16_384
_LINE_LIMIT = 300  # characters: what fits a message in a room
_TROUBLE = re.compile(r"error|exception|fatal|cannot|denied|refused", re.IGNORECASE)


class ChildLog:
    """Appended to by the child itself; `str()` of it is its path.

    What is set aside of it lies beside it, compressed: ``NAME-MOMENT.log.gz``, the newest few.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0  # where the lines of the current run begin

    def __str__(self) -> str:
        return str(self._path)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it for a new run, with mode 0600."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._path, "ab", opener=_private) as file:
            self._start = file.tell()
            yield file

    def rotate(self) -> None:
        """Set its lines aside where it is large. Blocks: not for the loop.

        The child keeps the file open, so the lines are copied and the file is then cut to nothing
        (logrotate(8), "copytruncate"). Only what the child writes in between, some microseconds,
        is lost.
        """
        if not self._path.exists() or self._path.stat().st_size <= LARGEST_BYTES:
            return
        with self._path.open("r+b") as source, open(aside(self._path), "xb", opener=_private) as to:
            shutil.copyfileobj(source, to)  # up to the end, what comes meanwhile included
            source.truncate(0)
        self._start = 0
        compress(self._path.parent, self._path.stem, KEPT)

    def telling_line(self) -> str:
        """Return what the current run said last about a trouble, or else what it said last."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(self._start, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                return telling_line(file.read().decode(errors="replace").splitlines())
        except FileNotFoundError:
            return "its log is gone"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def telling_line(lines: Iterable[str]) -> str:
    """Pick the line to show to a person: the last that names a trouble, or else the last at all.

    Lines without a word (``*****``) do not count; one that ends in a colon brings the next.
    """
    words = [line.strip(" *\t") for line in lines if any(map(str.isalnum, line))]
    if not words:
        return "it said nothing"
    troubles = [index for index, line in enumerate(words) if _TROUBLE.search(line)]
    index = troubles[-1] if troubles else len(words) - 1
    length = 2 if words[index].endswith(":") else 1
    return " ".join(words[index : index + length])[:_LINE_LIMIT]
