"""Where the windows of recent messages began last, by conversation."""

from collections import OrderedDict

from lunabot.matrix.ids import EventId, RoomId, UserId

Conversation = tuple[UserId, RoomId, EventId | None]
"""Who answers, the room, and the thread in it, if it is one."""

_REMEMBERED = 1_000


class Anchors:
    """Remembers the anchors of the conversations that were gone on with last.

    What is forgotten, by a restart too, costs the provider's cache of one prompt.
    """

    def __init__(self) -> None:
        self._anchors: OrderedDict[Conversation, EventId] = OrderedDict()

    def get(self, conversation: Conversation) -> EventId | None:
        """Return the anchor of a conversation."""
        return self._anchors.get(conversation)

    def put(self, conversation: Conversation, anchor: EventId | None) -> None:
        """Remember the anchor of a conversation, and forget the one that was not used longest."""
        self._anchors.pop(conversation, None)
        if anchor is not None:
            self._anchors[conversation] = anchor
        if len(self._anchors) > _REMEMBERED:
            self._anchors.popitem(last=False)
