"""Forks Pythons that have imported Luna already: that takes 2 s of CPU, and tests start her often.

Run as a module, with the descriptor of a socket and the modules to import. A request there is a
command of this interpreter (``-m MODULE …`` or ``-c CODE …``), an environment and a folder, with
three descriptors: standard output, standard error, and one that is told the child's process id and,
once it has ended, its exit status (-N when signal N ended it), a line each.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST_REQUEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A child somebody wants: what the interpreter is to run, and where; its descriptors."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str | None
    output: int
    errors: int
    status: int

    @classmethod
    def read(cls, control: socket.socket) -> "Request | None":
        """Return the next request; None when nobody is left to send one."""
        data, descriptors, *_ = socket.recv_fds(control, LONGEST_REQUEST, 3)
        if not data:
            return None
        output, errors, status = descriptors
        return cls(**json.loads(data), output=output, errors=errors, status=status)


def serve(control: socket.socket) -> Request | None:
    """Fork a child for each request. Returns in the child, what it is to be; None at the end."""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    selector.unregister(key.fileobj)
                    _tell_end(int(key.fd), *key.data)
                elif (request := Request.read(control)) is None:
                    return None
                elif (pid := os.fork()) == 0:
                    _forget_others(selector)
                    return request
                else:
                    os.write(request.status, f"{pid}\n".encode())
                    os.close(request.output)
                    os.close(request.errors)
                    child = pid, request.status
                    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, child)


def _forget_others(selector: selectors.BaseSelector) -> None:
    for key in selector.get_map().values():
        if key.data:
            os.close(key.fd)
            os.close(key.data[1])


def _tell_end(descriptor: int, pid: int, status: int) -> None:
    _, ended = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os.close(status)
    os.close(descriptor)


def become(request: Request) -> None:
    """Do what the interpreter does that is started with the arguments of a request."""
    os.setsid()
    os.close(request.status)
    for descriptor, standard in ((request.output, 1), (request.errors, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder or ".")
    sys.path.insert(0, os.getcwd())
    how, what, *rest = request.arguments
    sys.argv = [how, *rest]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def main(descriptor: str, *modules: str) -> None:
    """Import the modules; serve at a socket until its other end is closed."""
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # what is shared stays shared
    with socket.socket(fileno=int(descriptor)) as control:
        request = serve(control)
    if request is not None:
        become(request)


if __name__ == "__main__":
    main(*sys.argv[1:])
