"""Memory that threads gave back is there for all of them."""

import platform
import subprocess
import sys

import pytest

_POOLS_OF_THREADS = """
import ctypes, threading
from lunabot.allocator import share_one_pool
{call}
held, barrier = [], threading.Barrier(4)
def burst():
    held.append(bytes(100_000))
    barrier.wait()
threads = [threading.Thread(target=burst) for _ in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
c = ctypes.CDLL(None)
c.malloc_info(0, ctypes.c_void_p.in_dll(c, "stdout"))
c.fflush(None)
"""


def _pools(call: str) -> int:
    command = [sys.executable, "-c", _POOLS_OF_THREADS.format(call=call)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return told.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library has no such call")
def test_threads_share_one_pool() -> None:
    assert _pools("") > 1
    assert _pools("share_one_pool()") == 1


def test_a_library_without_the_call_is_left_as_it_is() -> None:
    command = "import ctypes; from lunabot.allocator import share_one_pool\n"
    command += "ctypes.CDLL = lambda name: object()\nshare_one_pool()"
    subprocess.run([sys.executable, "-c", command], check=True, timeout=60)
