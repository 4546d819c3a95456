"""How many files and connections this process may have open at a time."""

import contextlib
import resource

_WISHES = (65_536, 10_240)  # macOS grants no more than the second, whatever its limit says


def allow_many() -> None:
    """Raise the limit as far as the system lets this user.

    An account takes two files for its encryption store and one or two connections: the usual limit
    of 1024 would end at some 300 personas.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wish in _WISHES:
        limit = wish if hard == resource.RLIM_INFINITY else min(wish, hard)
        if soft == resource.RLIM_INFINITY or soft >= limit:
            return
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
