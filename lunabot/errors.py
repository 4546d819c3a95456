"""The three kinds of errors: the user's, the world's and ours (see docs/design.md, *Errors*)."""

import secrets


class LunaError(Exception):
    """An error whose text may be shown to a person as it stands: it holds no secret."""


class UserMistake(LunaError):
    """Somebody asked for what cannot be: answered in a line, with how to ask right."""


class WorldError(LunaError):
    """A server, a disk or a model failed after its retries: the text says what happens next."""


class Misconfigured(WorldError):
    """Only a person can mend it: the text names what to set. Trying again is of no use."""


class Refused(WorldError):
    """The homeserver said no, for good: `errcode` is its code, such as ``M_FORBIDDEN``."""

    def __init__(self, errcode: str, message: str) -> None:
        super().__init__(message)
        self.errcode = errcode


def new_reference() -> str:
    """Return a short reference number that ties a message in a room to a line in the log."""
    return secrets.token_hex(3)
