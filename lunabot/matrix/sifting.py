"""What the homeserver answers, without the pieces of others' making that nio cannot bear.

A device with a key that is none, or an event without a time, makes nio give up on the whole answer;
and as the next sync brings the same again, whoever sent it would deafen an account for good.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import vodozemac

Json = dict[str, Any]


def sift(body: object) -> Json:
    """Return the decoded body of an answer, its unusable pieces taken out in place.

    Those are events that are no objects, have none where there has to be one, or a time that is no
    number, and devices and one-time keys that no encryption can be done with.
    """
    if not isinstance(body, dict):
        return {}
    for events in _event_lists(body):
        events[:] = filter(_is_event, events)
    for devices in _by_user(body, "device_keys"):
        for name in [name for name, device in devices.items() if not _is_device(name, device)]:
            del devices[name]
    for devices in _by_user(body, "one_time_keys"):
        for name in [name for name, keys in devices.items() if not _is_claimed(keys)]:
            del devices[name]
    return body


def _event_lists(body: Json) -> Iterator[list[Any]]:
    """Yield the lists of events in a sync (client-server API, "Syncing")."""
    parts = [body.get("to_device")]
    for rooms in _objects(body.get("rooms")):
        for room in _objects(rooms):
            parts += _objects(room)
    for part in parts:
        events = part.get("events") if isinstance(part, dict) else None
        if isinstance(events, list):
            yield events


def _by_user(body: Json, key: str) -> Iterator[Json]:
    """Yield each user's devices; a user without any that can be read is left out."""
    users = body.get(key)
    if isinstance(users, dict):
        for name in [name for name, devices in users.items() if not isinstance(devices, dict)]:
            del users[name]
        yield from users.values()


def _objects(value: object) -> list[Json]:
    values = value.values() if isinstance(value, dict) else ()
    return [each for each in values if isinstance(each, dict)]


def _is_event(event: object) -> bool:
    return (
        isinstance(event, dict)
        and type(event.get("origin_server_ts", 0)) is int
        and isinstance(event.get("content", {}), dict)
        and isinstance(event.get("unsigned", {}), dict)
    )


def _is_device(name: str, device: object) -> bool:
    """Tell whether a device can be encrypted to (client-server API, "Device keys")."""
    match device:
        case {
            "user_id": str(),
            "device_id": str(),
            "algorithms": list(algorithms),
            "keys": dict(keys),
            "signatures": dict(signatures),
            **more,
        }:
            unsigned = more.get("unsigned", {})
        case _:
            return False
    return (
        all(isinstance(each, str) for each in algorithms)
        and all(map(_is_texts, (keys, *signatures.values())))
        and _is_key(vodozemac.Ed25519PublicKey, keys.get(f"ed25519:{name}"))
        and _is_key(vodozemac.Curve25519PublicKey, keys.get(f"curve25519:{name}"))
        and isinstance(unsigned, dict)
        and isinstance(unsigned.get("device_display_name", ""), str)
    )


def _is_claimed(keys: object) -> bool:
    """Tell whether all of a device's claimed one-time keys can be used, and there is one."""
    claimed = list(keys.values()) if isinstance(keys, dict) else []
    return bool(claimed) and all(
        isinstance(each, Mapping) and _is_key(vodozemac.Curve25519PublicKey, each.get("key"))
        for each in claimed
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _is_key(kind: Any, text: object) -> bool:
    try:
        kind.from_base64(text)
    except (vodozemac.KeyException, TypeError):
        return False
    return True
