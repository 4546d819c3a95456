"""What is made up: texts that hide and reorder, and JSON of any shape around the words that count.

Words that mean something where they stand are drawn often, or nothing would get past the first
check.
"""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202e\u2066\u2069\U000e0041\ufe0f"
LOOK_ALIKES = "⁄∕／⧸╱！‐–—“”„‘’«»＠：꞉ ﹕"
STRANGE = "\0\x07\x1b\r\x0b\x85\u2028\u2029\ud800\udfff\U0010ffff\u0301\u0337"

texts = st.text(
    st.sampled_from(INVISIBLE + LOOK_ALIKES + STRANGE) | st.characters(codec=None), max_size=40
)
"""Short texts, lone surrogates among them."""

_NUMBERS = [0, -1, 2**31, 2**53, -(2**53), 2**63, -(2**63) - 1, 10**30, float("nan"), float("inf")]
numbers = st.sampled_from(_NUMBERS) | st.integers() | st.floats()

_WORDS = (
    "$e !r:localhost @ada:localhost @luna:localhost room everyone body msgtype m.text m.emote "
    "m.notice m.image m.file m.audio m.location m.sticker formatted_body format m.relates_to "
    "rel_type event_id m.in_reply_to m.replace m.thread m.annotation m.new_content is_falling_back "
    "key m.mentions user_ids redacts url mxc://a/b file info mimetype size duration w h hashes iv "
    "k sha256 geo_uri geo:1,2 m.poll m.poll.start question answers m.text org.matrix.msc1767.text "
    "m.bot.command org.matrix.msc4391.command command arguments id spawn purge org.luna.answer "
    "questions unfinished org.luna.confirm org.luna.persona membership join leave invite ban "
    "displayname avatar_url users users_default events kick name topic alias algorithm "
    "m.megolm.v1.aes-sha2 join_rule public invite history_visibility guest_access creator "
    "room_version replacement_room is_direct via content type sender transaction_id from_device "
    "methods m.sas.v1 timestamp code reason hash keys mac commitment request_id action "
    "requesting_device_id session_id session_key sender_key device_id room_id ciphertext"
)
words = st.sampled_from(_WORDS.split())


def nested(value: Any = None, depth: int = 400) -> Any:
    """Return a value within so many lists."""
    for _ in range(depth):
        value = [value]
    return value


scalars: SearchStrategy[Any] = st.none() | st.booleans() | numbers | words | texts
json: SearchStrategy[Any] = st.recursive(
    scalars | st.just(nested()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | texts, inner, max_size=6),
    max_leaves=15,
)
"""Any JSON, and what Python's reads besides: NaN and lone surrogates."""

objects: SearchStrategy[dict[str, Any]] = st.dictionaries(words, json, max_size=8)
"""Objects whose keys mean something."""


def spoiled(*sound: Mapping[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """Return one of these objects with some of its fields, at any depth, anything else."""

    def spoil(value: Any) -> SearchStrategy[Any]:
        if isinstance(value, dict):
            inner = {key: spoil(each) for key, each in value.items()}
            return st.one_of(st.fixed_dictionaries(inner), *[json] * (not value))
        return st.one_of(st.just(value), st.just(value), json)

    return st.one_of(*map(spoil, sound))
