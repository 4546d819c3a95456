"""The mark on an answer's events that names the questions it answers.

A process that dies between sending an answer and noting it finds the mark in its next sync, so
that nothing is answered twice, and knows by it which messages of an answer were still growing.
It is read by Luna's own accounts only: on anybody else's message it means nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lunabot.matrix.ids import EventId

_KEY = "org.luna.answer"


def marked(
    content: Mapping[str, Any], questions: Sequence[EventId], *, unfinished: bool = False
) -> dict[str, Any]:
    """Return the content of a message as that of an answer, or of a part of one, to `questions`."""
    mark = {"questions": list(questions), **({"unfinished": True} if unfinished else {})}
    return {**content, _KEY: mark}


def read_mark(content: Mapping[str, Any]) -> tuple[tuple[EventId, ...], bool]:
    """Return which questions a message answers, none for most, and whether more is to come."""
    mark = content.get(_KEY)
    questions = mark.get("questions") if isinstance(mark, Mapping) else None
    if not isinstance(mark, Mapping) or not isinstance(questions, list):
        return (), False
    named = tuple(EventId(each) for each in questions if isinstance(each, str))
    return named, mark.get("unfinished") is True
