"""The log: one file that is rotated by size, and errors on the terminal."""

import logging
import logging.handlers
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LARGEST_BYTES = 5_000_000
_KEPT = 5


def start_logging(folder: Path) -> None:
    """Send Luna's log to ``luna.log`` in a folder, and errors to the terminal as well.

    Libraries log at WARNING: at INFO some write what was said.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / "luna.log", maxBytes=_LARGEST_BYTES, backupCount=_KEPT, encoding="utf-8"
    )
    file.setFormatter(logging.Formatter(_FORMAT))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    terminal.setFormatter(logging.Formatter("luna: %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.addHandler(file)
    root.addHandler(terminal)
    logging.getLogger("lunabot").setLevel(logging.INFO)
    logging.captureWarnings(True)
