"""Which lenses matter for a question: by its words, in any script, and by its looks. Pure."""

import re
from collections.abc import Mapping, Sequence

from lunabot.matrix.events import Message
from lunabot.memory.lenses import LensText
from lunabot.memory.retrieval import cues
from lunabot.memory.retrieval.words import words

_LOOKS = 3.0  # what the looks of a question count
_NAMED = 2.0  # a word of a lens's name or description
_SAID = 1.0  # all of its words in the lens's text
_STEM = 4  # letters by which words of one family are known: feel, feels, feeling


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words(text))


_FEELINGS = _stems(
    "feel mood happy sad angry afraid fear worry love hate lonely hurt hope proud cry upset tired "
    "comfort sorry glad miss jealous stress anxious friend "
    "fühle gefühl glücklich traurig wütend angst sorge liebe einsam freude stolz froh müde "
    "sens sentiment heureux triste colère peur aime seul inquiet fier humeur "
    "siento feliz triste enojado miedo quiero solo preocupa alegre "
    "sento felice triste arrabbiato paura amore sinto feliz triste medo "
    "чувств груст счаст злит боюсь страх любл одинок радос настроен"
)
_FEELING = re.compile(
    "[\U0001f600-\U0001f64f\U0001f970-\U0001f97a\u2639-\u263b\u2764]"
    "|感[觉覺受]|心情|[难難]过|難過|[开開]心|害怕|生气|生氣|孤[独獨]|気持|悲し|嬉し|怖|기분|슬프|행복"
)
_TECHNICAL = _stems(
    "code error bug exception install server python script function compile version config "
    "database docker linux command deploy library test fix build fehler datei programm "
    "erreur fichier programme código archivo errore ошибка код файл программа сервер"
)
_CODE = re.compile(
    r"`|https?://|\b\w+\(\)|\b\w+\.(?:py|js|ts|c|h|go|rs|json|ya?ml|toml|sh|log|txt)\b"
    r"|\b[a-z]+_[a-z_]+\b|\b[a-z]+[A-Z]\w+\b|\bv?\d+\.\d+(?:\.\d+)?\b|[{};]|==|->|--\w|\w/\w+/\w"
    r"|代[码碼]|[错錯][误誤]|服[务務]器|程序|コード|エラー|코드|오류"
)


def relevant(
    question: Message, lenses: Mapping[str, str], texts: Sequence[LensText]
) -> tuple[LensText, ...]:
    """Return the texts of the lenses, those first that matter most for a question.

    `lenses` are descriptions by name. What says nothing to a question stays in their order; a text
    whose lens is not among them, or that has no words, is left out.
    """
    order = {name: place for place, name in enumerate(lenses)}
    asked = cues.read(question, (), {})
    topic = frozenset(word[:_STEM] for word in asked.words)
    looks = {
        "emotional": bool(topic & _FEELINGS or _FEELING.search(asked.text)),
        "technical": bool(topic & _TECHNICAL or _CODE.search(asked.text)),
        "historical": asked.wants_time or bool(asked.labels),
    }

    def score(text: LensText) -> float:
        named = topic & _stems(f"{text.lens} {lenses[text.lens]}")
        said = topic & _stems(text.text)
        share = len(said) / max(len(topic), 1)
        return _LOOKS * looks.get(text.lens, False) + _NAMED * bool(named) + _SAID * share

    usable = [text for text in texts if text.lens in order and text.text.strip()]
    return tuple(sorted(usable, key=lambda text: (-score(text), order[text.lens])))
