"""How the C library keeps the memory that was given back to it."""

import contextlib
import ctypes

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_pool() -> None:
    """Have all threads take their memory from one pool; to be called before there are any.

    glibc gives each thread a pool of its own, which keeps what the largest burst on it took
    (mallopt(3), "M_ARENA_MAX"): figures are in docs/design.md. Python's own small objects do not
    compete for it. Elsewhere there is no such call.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
