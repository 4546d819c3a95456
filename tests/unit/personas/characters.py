"""Personas for tests: one to begin with, and any that could be."""

from string import ascii_lowercase, digits

from hypothesis import strategies as st

from lunabot.config.seed import BIG_FIVE
from lunabot.matrix.ids import RoomId, UserId
from lunabot.personas.persona import Persona, Stay

ADMIN = UserId("@admin:localhost")
TEACHER = UserId("@teacher:localhost")
CLASSROOM = RoomId("!classroom:localhost")
GARDEN = RoomId("!garden")

KNOWN_FIELDS = {
    "displayname", "system_prompt", "traits", "created_at", "created_by", "rooms", "stays",
    "model", "notes",
}  # fmt: skip


def teacher(
    *,
    displayname: str = "Teacher",
    system_prompt: str = "You teach history.",
    traits: dict[str, int | str] | None = None,
    stays: tuple[Stay, ...] = (Stay(CLASSROOM, 1_000),),
    model: str = "",
) -> Persona:
    return Persona(
        user_id=TEACHER,
        displayname=displayname,
        system_prompt=system_prompt,
        traits={"openness": 80, "humour": "dry"} if traits is None else traits,
        created_at="2025-01-31T12:00:00+00:00",
        created_by=ADMIN,
        stays=stays,
        model=model,
    )


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_written = _text.filter(str.strip)
_words = st.builds(
    lambda first, second: f"{first} {second}".strip(),
    st.text(ascii_lowercase + "äЖ", min_size=2, max_size=10),
    st.text(ascii_lowercase + digits, max_size=5),
)
_localparts = st.text(ascii_lowercase + digits + "._=-", min_size=1, max_size=20)
_scores = st.dictionaries(st.sampled_from(BIG_FIVE), st.integers(0, 100))
_free = st.dictionaries(_words, _words, max_size=3)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_times = st.integers(0, 2**45)

any_traits = st.builds(lambda scores, free: {**free, **scores}, _scores, _free)
any_personas = st.builds(
    Persona,
    user_id=_localparts.map(lambda localpart: UserId(f"@{localpart}:localhost")),
    displayname=_written.map(str.strip),
    system_prompt=_written,
    traits=any_traits,
    created_at=st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    created_by=st.just(ADMIN),
    stays=st.lists(
        st.builds(
            Stay, st.sampled_from([CLASSROOM, GARDEN]), _times, st.none() | _times
        ),
        max_size=4,
    ).map(tuple),
    model=_text.map(str.strip),
    notes=st.lists(_written, max_size=3).map(tuple),
    extra=st.dictionaries(_text.filter(lambda name: name not in KNOWN_FIELDS), _json, max_size=3),
)  # fmt: skip
