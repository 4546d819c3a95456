"""Slash commands that clients keep for themselves: Luna would never hear them.

Collected from the sources of Element Web, Element Android, Element iOS and the SDK of FluffyChat.
"""

from lunabot.admin.grammar import normalise_verb

_ELEMENT_WEB = """
    addwidget ban bugreport confetti converttodm converttoroom deop devtools discardsession
    fireworks goto hearts help holdcall html ignore invite j join jumptodate kick leave lenny me msg
    myavatar myroomavatar myroomnick nick op part plain query rageshake rainbow rainbowme rainfall
    remakeolm remove roomavatar roomname roomnick shrug snowfall spaceinvaders spoiler status
    tableflip topic tovirtual unban unflip unholdcall unignore upgraderoom verify whois
"""
_ELEMENT_ANDROID = "addtospace clear_scalar_token createspace joinspace markdown poll"
_FLUFFYCHAT = """
    clearcache create cuddle dm googly hug logout logoutall markasdm markasgroup react roomupgrade
    send sendraw
"""
_KEPT = {
    verb: client
    for client, verbs in (
        ("FluffyChat", _FLUFFYCHAT),
        ("Element Android", _ELEMENT_ANDROID),
        ("Element Web", _ELEMENT_WEB),
    )
    for verb in verbs.split()
}
_KEPT_PREFIXES = ("nick", "join", "part", "topic", "discardsession")


def kept_by(verb: str) -> str | None:
    """Return the client that swallows `/verb`, or None where it reaches the room everywhere.

    Element iOS compares by prefix: ``/partition`` makes the one who types it leave the room.
    """
    verb = normalise_verb(verb)
    return _KEPT.get(verb) or ("Element iOS" if verb.startswith(_KEPT_PREFIXES) else None)
