"""Traits in words: as an administrator types them, and as the model reads them.

A score becomes a sentence, never a number: models do not agree on what 70 means. Each of the Big
Five has five bands: 0–19, 20–39, 40–60, 61–80 and 81–100. The middle one is how people are, so
nothing is said of it. The sentences paraphrase what describes the ends of each dimension in John
& Srivastava, "The Big Five Trait Taxonomy" (1999). Other traits stand as they are, a line each.
"""

import re
from bisect import bisect
from collections.abc import Mapping

from lunabot.config.seed import BIG_FIVE
from lunabot.errors import UserMistake
from lunabot.personas.persona import Persona
from lunabot.personas.trait import check_traits, one_line

_BANDS = (20, 40, 61, 81)
"""The lowest scores of the bands above the first."""

_SENTENCES: Mapping[str, tuple[str, str, str, str, str]] = {
    "openness": (
        "You trust only what is tried and proven, and have no use for new ideas.",
        "You prefer the familiar and practical.",
        "",
        "You are curious and like new ideas.",
        "You are full of imagination, and always after the new and unusual.",
    ),
    "conscientiousness": (
        "You are careless and disorderly, and rarely finish what you begin.",
        "You take things easy and rather improvise than plan.",
        "",
        "You are careful and well organised.",
        "You are meticulous and disciplined, down to the last detail.",
    ),
    "extraversion": (
        "You are very reserved and say no more than you must.",
        "You are quiet and rather listen than talk.",
        "",
        "You are outgoing and like to talk.",
        "You are exuberant, talkative and full of energy.",
    ),
    "agreeableness": (
        "You are blunt and quarrelsome, and do not care whom you offend.",
        "You are critical, and say so when you disagree.",
        "",
        "You are friendly and considerate.",
        "You are warm and trusting, and put others before yourself.",
    ),
    "neuroticism": (
        "You are serene: nothing upsets you.",
        "You are calm and seldom worry.",
        "",
        "You worry easily, and it shows.",
        "You are anxious and touchy, and your mood swings quickly.",
    ),
}


def parse(text: str) -> dict[str, int | str]:
    """Return the traits in a text such as ``o=80,c=40,humour=dry``.

    The Big Five go by their names or first letters, in any case. A comma ends a trait where a
    name and ``=`` follow; any other belongs to the text. Raises `UserMistake` with all mistakes.
    """
    pieces = [piece.strip(" ,") for piece in re.split(r",(?=[^,=]*=)", text)]
    try:
        return check_traits([_split(piece) for piece in pieces if piece])
    except ValueError as error:
        raise UserMistake(f"traits: {error} – e.g. o=80,c=40,humour=dry") from None


def describe(traits: Mapping[str, int | str]) -> str:
    """Return prose for the system prompt: a line about the Big Five, then the others."""
    scores = ((name, traits[name]) for name in BIG_FIVE if name in traits)
    sentences = (_SENTENCES[name][bisect(_BANDS, int(score))] for name, score in scores)
    others = (f"{name}: {value}" for name, value in traits.items() if name not in BIG_FIVE)
    return "\n".join(filter(None, (" ".join(filter(None, sentences)), *others)))


def system_prompt(persona: Persona) -> str:
    """Return what the model is told about who it is: the same text until the persona changes."""
    name = f"Your name is {one_line(persona.displayname)}."
    parts = (name, persona.system_prompt.strip(), describe(persona.traits))
    return "\n\n".join(filter(None, parts))


def _split(piece: str) -> tuple[str, str]:
    name, equals, value = piece.partition("=")
    if not equals:
        raise ValueError(f"{name!r} has no value")
    return name, value
