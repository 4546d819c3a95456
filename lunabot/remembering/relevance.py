"""Which lenses matter for a question: by its words, in any script, and by its looks. Pure."""

import re
from collections.abc import Mapping, Sequence

from lunabot.matrix.events import Message
from lunabot.matrix.text import without_reply_fallback
from lunabot.memory.lenses import LensText
from lunabot.memory.retrieval.cues import tells_time
from lunabot.memory.retrieval.languages import WHEN, WHEN_UNSPACED, function_words
from lunabot.memory.retrieval.words import words

_LONGEST = 2_000  # characters of a question that are read
_STEM = 4  # letters by which words of one family are known: feel, feels, feeling
_LOOK = 3.0  # what the look of a question counts
_NAMED = 2.0  # a word of a lens's name or description
_SAID = 1.0  # a word of its text
_FEELINGS = frozenset(
    word[:_STEM]
    for word in words(
        "feel mood happy sad angry afraid fear worry love hate lonely hurt hope proud cry upset "
        "tired comfort sorry glad miss jealous stress anxious friend "
        "fühle gefühl glücklich traurig wütend angst sorge liebe einsam freude stolz froh müde "
        "sens sentiment heureux triste colère peur aime seul inquiet fier humeur "
        "siento feliz triste enojado miedo quiero solo preocupa alegre "
        "sento felice triste arrabbiato paura amore sinto feliz triste medo "
        "чувств груст счаст злит боюсь страх любл одинок радос настроен"
    )
)
_FEELINGS_UNSPACED = (
    "感觉",
    "感受",
    "心情",
    "难过",
    "開心",
    "开心",
    "害怕",
    "生气",
    "孤独",
    "気持",
    "悲し",
    "嬉し",
    "怖",
    "기분",
    "슬프",
    "행복",
)
_EMOJI = re.compile("[\U0001f600-\U0001f64f\U0001f970-\U0001f97a\u2639-\u263b\u2764]")
_CODE = re.compile(
    r"`|https?://|\b\w+\(\)|\b\w+\.(?:py|js|ts|c|h|go|rs|json|ya?ml|toml|sh|log|txt)\b"
    r"|\b[a-z]+_[a-z_]+\b|\b[a-z]+[A-Z]\w+\b|\bv?\d+\.\d+(?:\.\d+)?\b|[{};]|==|->|--\w|\w/\w+/\w",
)
_TECHNICAL = frozenset(
    word[:_STEM]
    for word in words(
        "code error bug exception install server python script function compile version config "
        "database docker linux command deploy library test fix build fehler datei programm "
        "erreur fichier programme código archivo errore ошибка код файл программа сервер"
    )
)
_TECHNICAL_UNSPACED = ("代码", "代碼", "错误", "服务器", "程序", "コード", "エラー", "코드", "오류")


def relevant(
    question: Message, lenses: Mapping[str, str], texts: Sequence[LensText]
) -> tuple[LensText, ...]:
    """Return the texts of the lenses, those first that matter most for a question.

    `lenses` are descriptions by name. What says nothing to a question stays in their order; a text
    whose lens is not among them, or that has no words, is left out.
    """
    order = {name: place for place, name in enumerate(lenses)}
    asked = _Asked(question)
    usable = [text for text in texts if text.lens in order and text.text.strip()]
    return tuple(
        sorted(
            usable,
            key=lambda text: (-asked.score(text, lenses[text.lens]), order[text.lens]),
        )
    )


class _Asked:
    """A question as what it is about, and what kind of a question it looks like."""

    def __init__(self, question: Message) -> None:
        body = without_reply_fallback(question.body) if question.in_reply_to else question.body
        body = body[:_LONGEST]
        said = words(body)
        idle = function_words(said)
        self._topic = frozenset(word[:_STEM] for word in said if word not in idle)
        self._looks = {
            "emotional": bool(self._topic & _FEELINGS)
            or bool(_EMOJI.search(body))
            or any(sign in body for sign in _FEELINGS_UNSPACED),
            "technical": bool(self._topic & _TECHNICAL)
            or bool(_CODE.search(body))
            or any(sign in body for sign in _TECHNICAL_UNSPACED),
            "historical": not WHEN.isdisjoint(said)
            or any(sign in body for sign in WHEN_UNSPACED)
            or tells_time(body),
        }

    def score(self, text: LensText, description: str) -> float:
        """Return how much a lens has to say to the question."""
        named = self._topic & _stems(f"{text.lens} {description}")
        said = self._topic & _stems(text.text)
        share = _SAID * len(said) / max(len(self._topic), 1)
        return _LOOK * self._looks.get(text.lens, False) + _NAMED * bool(named) + share


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words(text))
