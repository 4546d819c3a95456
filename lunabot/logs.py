"""The log: one file that is rotated by size, its past compressed, and errors on the terminal."""

import gzip
import logging
import re
import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LARGEST_BYTES = 5_000_000
KEPT = 5
# Nobody logs a secret on purpose, but an exception may hold one: tokens of homeservers and models.
_SECRET = re.compile(
    r"(?i:\bbearer\s+)\S+|(?i:\baccess_token=)[^\s&\"']+|"
    r"\b(?:syt|mat|mct|sk|pk|gsk|xai|pplx|hf)[-_][\w*.-]{8,}"
)


class LogFile(RotatingFileHandler):
    """A log whose past is beside it, compressed: ``NAME-MOMENT.log.gz``, the newest few.

    Whoever logs waits for a rename at the most; a thread compresses. What a crash left behind
    uncompressed is compressed at the next rotation.
    """

    def __init__(self, path: Path, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT) -> None:
        super().__init__(path, maxBytes=largest_bytes, encoding="utf-8")
        self._path = path
        self._kept = kept
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log")

    def doRollover(self) -> None:
        """Begin the file anew; the base class calls this, with the lock held, before a line."""
        self.begin_anew()

    def begin_anew(self) -> "Future[tuple[Path, ...]]":
        """Set the lines so far aside; the future has all that are kept, the newest last."""
        with self.lock:  # type: ignore[union-attr]  # every handler has one
            if self.stream:
                self.stream.close()
            if self._path.stat().st_size:
                self._path.rename(aside(self._path))
            self.stream = self._open()
        return self._thread.submit(compress, self._path.parent, self._path.stem, self._kept)

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose a line for which there is no room: on a full disk, others tell of that."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file; what is being compressed is finished in the background."""
        super().close()
        self._thread.shutdown(wait=False)


class _Masking(logging.Formatter):
    """Writes ``***`` in place of what looks like a token or key, in tracebacks, too."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub("***", super().format(record))


def start_logging(folder: Path) -> None:
    """Send Luna's log to ``luna.log`` in a folder, and errors to the terminal as well.

    Libraries log at WARNING: at INFO some write what was said.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = LogFile(folder / "luna.log")
    file.setFormatter(_Masking(_FORMAT))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    terminal.setFormatter(_Masking("luna: %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.addHandler(file)
    root.addHandler(terminal)
    logging.getLogger("lunabot").setLevel(logging.INFO)
    logging.captureWarnings(True)


def log_file() -> LogFile | None:
    """Return the file that `start_logging` has set up, if it has."""
    handlers = logging.getLogger().handlers
    return next((each for each in handlers if isinstance(each, LogFile)), None)


def aside(path: Path) -> Path:
    """Return where the lines of a log are set aside at this moment: ``NAME-MOMENT.log``."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    return path.with_name(f"{path.stem}-{moment}.log")


def compress(folder: Path, stem: str, kept: int) -> tuple[Path, ...]:
    """Compress what was set aside, delete the oldest; return the rest, the newest last. Blocks."""
    for plain in sorted(folder.glob(f"{stem}-*.log")):
        unfinished = plain.with_name(plain.name + ".gz.tmp")
        with plain.open("rb") as source, gzip.open(unfinished, "wb") as target:
            shutil.copyfileobj(source, target)
        unfinished.replace(plain.with_name(plain.name + ".gz"))
        plain.unlink()
    compressed = sorted(folder.glob(f"{stem}-*.log.gz"))
    for oldest in compressed[:-kept]:
        oldest.unlink()
    return tuple(compressed[-kept:])
