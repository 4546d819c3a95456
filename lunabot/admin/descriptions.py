"""The commands described as state of the admin room, so that clients can offer and complete them.

MSC4391, "Command description", under its unstable names; the reference is mautrix-go, whose
``fi.mau.tail_parameter`` tells clients which parameter takes the rest of the line.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from lunabot.admin.declaration import Parameter
from lunabot.admin.services import Services
from lunabot.admin.skill import Skill
from lunabot.errors import Refused, WorldError
from lunabot.matrix.ids import UserId

log = logging.getLogger(__name__)

EVENT_TYPE: Final = "org.matrix.msc4391.command_description"


async def publish(services: Services) -> None:
    """Describe all commands in the admin room; what stands there already is not sent again.

    A command that is gone is described by nothing. A failure only shows in the log: the next start
    tries again.
    """
    if not services.settings.admin.describe_commands:
        return
    me, room, state = services.account.user_id, services.admin_room, services.memory.state
    fact = f"commands described in {room}"
    known: dict[str, str] = json.loads(state.fact(fact) or "{}")
    wanted = {state_key(each.verb, me): description(each) for each in services.registry.skills}
    try:
        for key in {**known, **wanted}:
            content = wanted.get(key, {})
            digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
            if known.get(key) != digest:
                await services.client_api.set_state(room, EVENT_TYPE, content, key)
                known[key] = digest
    except Refused as error:
        log.info("the commands are not described in the admin room: %s", error)
    except WorldError as error:
        log.warning("the commands could not be described: %s", error)
    state.set_fact(fact, json.dumps(known))


def state_key(verb: str, sender: UserId) -> str:
    """Return the key under which one account describes a command: no other one's."""
    return base64.b64encode(hashlib.sha256(f"{verb}{sender}".encode()).digest()).decode()


def description(skill: Skill) -> dict[str, Any]:
    """Return a skill's description: the content of its state event."""
    ordered = sorted(skill.parameters, key=lambda each: (not each.required, each.place == "tail"))
    described: dict[str, Any] = {
        "command": skill.verb,
        "aliases": list(skill.aliases),
        "parameters": [_parameter(each) for each in ordered],
        "description": _text(skill.summary),
    }
    tails = [each.name for each in skill.parameters if each.place == "tail"]
    return described | ({"fi.mau.tail_parameter": tails[0]} if tails else {})


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described = {
        "key": parameter.name,
        "schema": _schema(parameter),
        "description": _text(parameter.description),
    }
    return described if parameter.required else described | {"optional": True}


def _schema(parameter: Parameter) -> Mapping[str, Any]:
    """Return the type of a parameter. There are no fractions in Matrix: they are strings."""
    converter = parameter.converter
    if converter.choices:
        one = _union(*map(_literal, converter.choices))
    elif converter.sort == "room":
        one = _union(_primitive("room_id"), _primitive("room_alias"))
    else:
        kinds = {"integer": "integer", "boolean": "boolean", "user": "user_id"}
        one = _primitive(kinds.get(converter.sort, "string"))
    return {"schema_type": "array", "items": one} if converter.several else one


def _primitive(kind: str) -> dict[str, Any]:
    return {"schema_type": "primitive", "type": kind}


def _literal(value: str) -> dict[str, Any]:
    return {"schema_type": "literal", "value": value, "literal_type": "string"}


def _union(*variants: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema_type": "union", "variants": list(variants)}


def _text(text: str) -> dict[str, Any]:
    return {"m.text": [{"body": text}]}
