"""Questions that bear a token, as in ``what of tok-0123456789ab?``, and a model that repeats it.

So whoever reads a room afterwards sees which questions each answer answers. The question mark
tells a question from what somebody else has answered to it.
"""

import re
import secrets
from itertools import takewhile

from tests.fake_model import Answer, Request

_TOKEN = re.compile(r"tok-[0-9a-f]{12}")
_ASKED = re.compile(rf"({_TOKEN.pattern})\?")
_QUOTED = re.compile(r"^\[Quotes from earlier.*?^\[Now, ", re.DOTALL | re.MULTILINE)


def new_token() -> str:
    """Return a token that nobody has used."""
    return f"tok-{secrets.token_hex(6)}"


def tokens_in(text: str) -> list[str]:
    """Return the tokens of a text in their order, each once."""
    return list(dict.fromkeys(_TOKEN.findall(text)))


def open_questions(request: Request) -> str:
    """Return what was said to the model since its own last turn; quotes from earlier left out."""
    newest_first = takewhile(lambda turn: turn["role"] != "assistant", reversed(request.messages))
    said = [str(turn["content"]) for turn in newest_first if turn["role"] == "user"]
    return _QUOTED.sub("", "\n".join(reversed(said)))


def repeat(request: Request) -> Answer:
    """Answer with the tokens of all open questions."""
    return Answer(" ".join(["echo", *_ASKED.findall(open_questions(request))]))
