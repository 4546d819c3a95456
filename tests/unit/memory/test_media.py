"""Media as JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.media import FileKeys, Media
from lunabot.memory.media import media_fields, media_of

_TEXT = st.text(max_size=5)
_COUNT = st.none() | st.integers(0, 2**53)
MEDIA = st.builds(
    Media,
    uri=_TEXT,
    name=_TEXT,
    mimetype=_TEXT,
    size=_COUNT,
    duration_ms=_COUNT,
    voice=st.booleans(),
    keys=st.none() | st.builds(FileKeys, _TEXT, _TEXT, _TEXT),
    options=st.lists(_TEXT, max_size=3).map(tuple),
)


@given(MEDIA)
def test_media_survive_json(media: Media) -> None:
    assert media_of(json.loads(json.dumps(media_fields(media)))) == media


def test_defaults_take_no_place() -> None:
    assert media_fields(Media("mxc://a/b", size=0)) == {"uri": "mxc://a/b", "size": 0}
    assert media_of(None) is None


def test_what_utf_8_cannot_hold_becomes_a_question_mark() -> None:
    media = Media(name="a\ud800", keys=FileKeys("k\ud800", "", ""), options=("\ud800",))
    assert media_of(media_fields(media)) == Media(
        name="a?", keys=FileKeys("k?", "", ""), options=("?",)
    )
