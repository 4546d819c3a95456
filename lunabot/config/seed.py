"""The `seed` section: the users, personas and rooms that a fresh house starts with."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, PlainValidator

from lunabot.config.section import Section
from lunabot.config.values import (
    Listed,
    Localpart,
    Member,
    Text,
    as_mapping,
    check_text,
    shown,
)

BIG_FIVE = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")


def _check_traits(value: object) -> Mapping[str, str | int]:
    """Return the Big Five as whole numbers from 0 to 100, and every other trait as a text."""
    traits = as_mapping(value)
    if not isinstance(traits, Mapping):
        raise ValueError(f"{shown(value)} is not a mapping – e.g. {{openness: 80}}")
    return {str(name): _trait(str(name), trait) for name, trait in traits.items()}


def _trait(name: str, value: object) -> str | int:
    text = str(value) if isinstance(value, str | int | float) else ""
    if name not in BIG_FIVE and text.strip():
        return check_text(text)
    if re.fullmatch(r"[0-9]{1,3}", text.strip()) and int(text) <= 100:
        return int(text)
    kind = "a whole number from 0 to 100" if name in BIG_FIVE else "a text"
    raise ValueError(f"{shown(value)} is not {kind}, which {shown(name)} needs")


Traits = Annotated[Mapping[str, str | int], PlainValidator(_check_traits)]
Names = Annotated[tuple[Text, ...], Listed]
Members = Annotated[tuple[Member, ...], Listed]


class SeedUser(Section):
    """A person's account."""

    name: Localpart = Field(
        description="The account's localpart. Its password is generated.", examples=["pupil"]
    )


class SeedPersona(Section):
    """A persona: an account that the model speaks through."""

    name: Localpart = Field(description="The account's localpart.", examples=["teacher"])
    displayname: Text = Field(
        default="", description="The name people see; `name` where it is empty."
    )
    system_prompt: Text = Field(
        description="Who the persona is and how it speaks.",
        examples=["You teach history, with patience and a dry wit."],
    )
    traits: Traits = Field(
        default={},
        description="The Big Five, each from 0 to 100, any of openness, conscientiousness, "
        "extraversion, agreeableness, neuroticism; and traits of your own, with a text each.",
        examples=[{"openness": 80}],
    )
    rooms: Names = Field(
        default=(),
        description="The rooms it joins: names from `seed.rooms`, or `!ids` and `#aliases` of "
        "existing ones.",
        examples=[["Classroom"]],
    )


class SeedRoom(Section):
    """A room that Luna makes."""

    name: Text = Field(description="The room's name.", examples=["Classroom"])
    members: Members = Field(
        default=(),
        description="Who is invited: localparts or user ids of users and personas.",
        examples=[["teacher", "pupil"]],
    )
    encrypted: bool = Field(default=False, description="Whether it is end-to-end encrypted.")


class SeedSettings(Section):
    """What `seed` creates when it is missing. Nothing here is ever wiped."""

    users: Annotated[tuple[SeedUser, ...], Listed] = Field(
        default=(),
        description="People's accounts.",
        examples=[[{"name": "pupil"}]],
    )
    personas: Annotated[tuple[SeedPersona, ...], Listed] = Field(
        default=(),
        description="Personas.",
        examples=[[{"name": "teacher", "system_prompt": "You teach history."}]],
    )
    rooms: Annotated[tuple[SeedRoom, ...], Listed] = Field(
        default=(),
        description="Rooms.",
        examples=[[{"name": "Classroom", "members": ["teacher", "pupil"]}]],
    )
