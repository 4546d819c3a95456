"""From a model's Markdown to the content of events.

What a model writes pings nobody: ``m.mentions`` is always set, and since Matrix 1.7 it, not the
text, decides who is notified. For those who go by the text still, `render` breaks ``@room``.
"""

from collections.abc import Iterable
from typing import Any

from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.rendering import Rendered, render
from lunabot.matrix.splitting import render_parts, split

__all__ = ["Rendered", "edit_content", "render", "render_parts", "split", "text_content"]


def text_content(
    markdown: str | Rendered,
    msgtype: str = "m.text",
    in_reply_to: EventId | None = None,
    thread: EventId | None = None,
    mentions: Iterable[UserId] = (),
) -> dict[str, Any]:
    """Return the content of an ``m.room.message`` (client-server API, "m.room.message").

    In a thread `in_reply_to` is what clients without threads show it below, by default the
    thread's root ("Fallback for unthreaded clients"). What may be too long for one event is
    split first.
    """
    rendered = markdown if isinstance(markdown, Rendered) else render(markdown)
    content: dict[str, Any] = {"msgtype": msgtype, "body": rendered.body}
    if rendered.formatted_body is not None:
        content["format"] = "org.matrix.custom.html"
        content["formatted_body"] = rendered.formatted_body
    users = sorted(set(mentions))
    content["m.mentions"] = {"user_ids": users} if users else {}
    relation: dict[str, Any] = {}
    if thread:
        relation = {"rel_type": "m.thread", "event_id": thread, "is_falling_back": True}
    if shown_below := in_reply_to or thread:
        relation["m.in_reply_to"] = {"event_id": shown_below}
    if relation:
        content["m.relates_to"] = relation
    return content


def edit_content(event_id: EventId, content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of an edit that puts `content` in the place of an own message.

    Client-server API, "Event replacements": relations stay those of the first version, and
    ``m.mentions`` outside of the new content names only whom the edit is to notify: nobody.
    """
    new = {key: value for key, value in content.items() if key != "m.relates_to"}
    edit = {**new, "body": f"* {content['body']}"}
    if "formatted_body" in content:
        edit["formatted_body"] = f"* {content['formatted_body']}"
    return {
        **edit,
        "m.mentions": {},
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }
