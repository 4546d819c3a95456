"""What is found: by words, by structure, in any script; and what never is."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval.retriever import Retriever, enough
from tests.unit.memory.retrieval.finding import HOUR, MINUTE, NAMES, found, scope, spaced
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, redacted, said

SCRIPTS = [
    ("Wir haben einen Hund adoptiert", "Welcher Hund?"),
    ("我们昨天收养了一只猫叫米索", "猫叫什么名字"),
    ("うちの猫はタマです", "猫の名前は?"),
    ("우리 고양이는 나비예요", "고양이를 봤어?"),
    ("แมวของฉันชื่อมิโซะ", "แมวชื่ออะไร"),
    ("قطتي اسمها ميسو", "ما اسم قطتي؟"),
    ("Мы купили собаку вчера", "Где живёт собака?"),
    ("मेरी बिल्ली का नाम मीसो है", "बिल्ली कहाँ है?"),
    ("ראינו חתול ברחוב", "איפה החתול? חתול"),
    ("see you there 🦩", "🦩?"),
]


@pytest.mark.parametrize(("text", "question"), SCRIPTS)
async def test_any_script_is_found_as_soon_as_it_is_stored(
    archive: Archive, text: str, question: str
) -> None:
    await archive.record_history(spaced("nothing", text, "nothing"))
    assert await found(archive, question) == ["$1"]


async def test_words_are_found_whatever_their_ending(archive: Archive) -> None:
    await archive.record_history(spaced("We adopted puppies", "Ships sail", "I sold my car"))
    assert await found(archive, "Who is adopting a puppy?") == ["$0"]


@pytest.mark.parametrize(
    ("text", "question"),
    [("Я потерял его книгу", "Что было с книгой?"), ("قرأت كتابا أمس", "أين الكتاب؟")],
)
async def test_other_forms_are_found_in_languages_without_a_stemmer(
    archive: Archive, text: str, question: str
) -> None:
    await archive.record_history(spaced("nothing", text, "nothing"))
    assert await found(archive, question) == ["$1"]


async def test_long_words_are_found_by_their_first_letters(archive: Archive) -> None:
    await archive.record_history(
        spaced("He married last week", "We sailed", "eine verzogene Katze")
    )
    assert await found(archive, "Who told us about a marriage?") == ["$0"]
    assert await found(archive, "Welcher Hund ist noch verzogener?") == ["$2"]


async def test_a_beginning_that_too_many_words_share_is_not_looked_for(archive: Archive) -> None:
    texts = ["an internal matter", *["interesting"] * 101, "nothing"]
    await archive.record_history(spaced(*texts))
    assert await found(archive, "Is there anything internal?") == ["$0"]


async def test_ones_name_in_what_others_say_tells_nothing_once_one_has_spoken(
    archive: Archive,
) -> None:
    hey = said("$hey", "hey bob!", at=0)
    party = said("$party", "Bobby brings balloons", at=9 * HOUR)
    await archive.record_history([hey, party, said("$late", "nothing", at=30 * HOUR)])
    assert "$hey" in await found(archive, "What will Bob bring, balloons?")
    own = said("$bob", "balloons are mine", sender=BOB, at=20 * HOUR)
    await archive.record_history([own])
    ranked = await found(archive, "What will Bob bring, balloons?", limit=2)
    assert ranked == ["$bob", "$party"]


async def test_what_a_person_told_first_is_found_where_no_word_of_it_hits(
    archive: Archive,
) -> None:
    talk = [
        said(f"${number}", f"text {number}", sender=(ADA, BOB)[number % 2], at=number * 2 * HOUR)
        for number in range(200)
    ]
    await archive.record_history(talk)
    ranked = await found(archive, "Which character does Lovelace have?", limit=50)
    assert ranked == [f"${number}" for number in range(0, 100, 2)]
    assert await found(archive, "Which character does it have?") == []


async def test_neighbours_are_found_with_a_hit_the_nearest_first(archive: Archive) -> None:
    texts = ["far", "two before", "one before", "the heron nests here", "one behind"]
    await archive.record_history([*spaced(*texts, apart=MINUTE), said("$later", at=5 * HOUR)])
    assert await found(archive, "Where do herons nest?") == ["$3", "$2", "$4", "$1", "$0"]


async def test_what_stands_between_two_hits_rises(archive: Archive) -> None:
    talk = spaced("heron one", "between", "heron two", "behind", "x", "x", "x", apart=MINUTE)
    await archive.record_history(talk)
    ranked = await found(archive, "What about the heron nests today?")
    assert ranked.index("$1") < ranked.index("$3")


async def test_whom_the_question_names_comes_first(archive: Archive) -> None:
    by_bob = said("$bob", "pizza is my favourite", sender=BOB, at=HOUR)
    by_ada = said("$ada", "pizza is my favourite", sender=ADA, at=9 * HOUR)
    await archive.record_history([by_bob, by_ada])
    assert (await found(archive, "What is Lovelace's favourite, pizza?"))[0] == "$ada"
    assert (await found(archive, "What is Bob's favourite, pizza?"))[0] == "$bob"


async def test_statements_come_before_questions_and_times_answer_when(archive: Archive) -> None:
    await archive.record_history(
        spaced("the concert tickets?", "the concert tickets!", "the concert tickets, 2021!")
    )
    assert (await found(archive, "Which concert tickets are there?"))[0] == "$1"
    assert (await found(archive, "When was the concert, with tickets?"))[0] == "$2"


async def test_a_date_finds_what_was_said_then(archive: Archive) -> None:
    may, june = said("$may", "so it was", at=1_683_554_160_000), said("$june", at=1_686_232_560_000)
    await archive.record_history([may, june])
    assert await found(archive, "What happened on 8 May 2023?") == ["$may", "$june"]
    assert await found(archive, "What was said in June?") == ["$june"]


async def test_a_reply_brings_what_it_answers(archive: Archive) -> None:
    asked = said("$asked", "which colour?", at=0)
    answer = replace(said("$answer", "turquoise fits", at=9 * HOUR), in_reply_to=EventId("$asked"))
    await archive.record_history([asked, answer, said("$other", at=20 * HOUR)])
    assert await found(archive, "Who likes turquoise?") == ["$answer", "$asked"]
    assert await found(archive, "Who asked for a colour?") == ["$asked", "$answer"]


async def test_a_thread_is_a_conversation_of_its_own(archive: Archive) -> None:
    root = EventId("$root")
    hit = replace(said("$hit", "the heron nests", at=MINUTE), thread=root)
    beside = replace(said("$beside", at=9 * MINUTE), thread=root)
    others = [said(f"$other{at}", at=at * MINUTE) for at in range(10)]
    await archive.record_history([hit, *others, beside])
    assert await found(archive, "Where do herons nest?") == ["$hit", "$beside"]


async def test_a_short_question_is_understood_by_what_was_said_before(archive: Archive) -> None:
    await archive.record_history(spaced("the ferry sails at nine", "cake"))
    context = [said("$c1", "How do we get there?"), said("$c2", "By ferry")]
    assert await found(archive, "and when?", context=context) == ["$0"]


async def test_long_answers_of_luna_do_not_drown_people(archive: Archive) -> None:
    essay = "The allergy to peanuts is common. " + "Peanuts are legumes and so on. " * 40
    talk: list[Message] = []
    for number in range(300):
        at = number * 2 * HOUR
        talk.append(said(f"$essay{number}", essay, sender=LUNA, at=at))
    talk.append(said("$ada", "my allergy is peanuts, by the way", at=301 * 2 * HOUR))
    await archive.record_history(talk)
    assert (await found(archive, "Which allergy to peanuts does she have?"))[0] == "$ada"


def test_more_is_asked_for_than_a_prompt_can_hold_within_bounds() -> None:
    assert [enough(tokens) for tokens in (0, 1_200, 10**9)] == [50, 100, 600]


async def test_edits_and_redactions_are_honoured(archive: Archive) -> None:
    await archive.record_history([said("$1", "the heron nests"), said("$2", "the heron sings")])
    retriever = Retriever(archive)
    question = said("$question", "Where do herons nest?", sender=BOB, at=10**12)
    first = await retriever.search(question, (), scope(), NAMES, 9)
    assert {message.event_id for message in first} == {"$1", "$2"}
    await archive.record_history([redacted("$2"), said("$3", "the stork flies", replaces="$1")])
    assert await retriever.search(question, (), scope(), NAMES, 9) == ()
    stork = replace(question, body="Which stork flies there?")
    (edited,) = await retriever.search(stork, (), scope(), NAMES, 9)
    assert (edited.event_id, edited.body) == ("$1", "the stork flies")


async def test_what_is_out_of_scope_is_not_found(archive: Archive) -> None:
    await archive.record_history(
        [
            said("$here", "the heron", at=1),
            said("$excluded", "the heron", at=2),
            said("$unseen", "the heron", at=3),
            said("$late", "the heron", at=100),
            said("$question", "the heron", at=4),
            said("$elsewhere", "the heron", room_id=OTHER_ROOM),
        ]
    )
    narrow = scope(
        before=100, exclude=["$excluded"], saw=lambda message: message.event_id != "$unseen"
    )
    assert await found(archive, "Where is the heron?", within=narrow) == ["$here"]
    wide = scope(ROOM, OTHER_ROOM, before=5)
    assert "$elsewhere" not in await found(archive, "Where is the heron?", within=narrow)
    assert len(await found(archive, "Where is the heron?", within=wide)) == 3


async def test_what_few_saw_is_found_among_much_that_is_hidden(archive: Archive) -> None:
    await archive.record_history(spaced(*["a heron flew by"] * 410, *["nothing"] * 1_700))
    seen = scope(saw=lambda message: message.event_id == "$7")
    assert await found(archive, "Did any herons fly by here?", within=seen) == ["$7"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        'heron" OR room : "x',
        "NEAR(a b, 2) AND NOT * ^ + - {words} : x",
        "\0\0",
        "\ud800 lone",
        "( " * 500,
        "heron " * 10_000,
        "9" * 60_000,
        "\u0301" * 30_000,
        "猫" * 20_000,
        "9999-99-99 0000-00-00 99月99日",
    ],
)
async def test_hostile_questions_raise_nothing(archive: Archive, text: str) -> None:
    await archive.record_history([said("$1", "the heron"), said("$2", text, at=2)])
    assert set(await found(archive, text)) <= {"$1", "$2"}


_SPOKEN = st.sampled_from(["heron", "nest", "猫が", "when?", "in May", "🦩", "собака", "the"])
_MESSAGES = st.lists(
    st.tuples(
        st.lists(_SPOKEN, max_size=4).map(" ".join),
        st.integers(0, 40),
        st.sampled_from([ROOM, OTHER_ROOM]),
        st.sampled_from([ADA, BOB, LUNA]),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(
    _MESSAGES, st.lists(_SPOKEN, max_size=5).map(" ".join), st.integers(0, 41), st.integers(1, 9)
)
async def test_nothing_out_of_scope_nothing_twice_all_as_it_is_shown(
    talk: Sequence[tuple[str, int, RoomId, UserId, bool]], asked: str, before: int, limit: int
) -> None:
    archive = await Archive.open(None)
    events = [
        replace(said(f"${number}", text, at=hour * HOUR // 2), room_id=room, sender=sender)
        for number, (text, hour, room, sender, _) in enumerate(talk)
    ]
    gone = {EventId(f"${number}") for number, (*_, redact) in enumerate(talk) if redact}
    await archive.record_history(events)
    rooms = {event.event_id: event.room_id for event in events}
    await archive.record_history(
        [redacted(target, event_id=f"$r{target}", room_id=rooms[target]) for target in gone]
    )
    within = scope(before=before * HOUR // 2, exclude=["$0"], saw=lambda each: each.sender != BOB)
    question = said("$question", asked, at=10**12)
    ranked = await Retriever(archive).search(question, events[-3:], within, NAMES, limit)
    await archive.close()
    allowed = {
        event.event_id: event
        for event in events[1:]
        if event.event_id not in gone and event.room_id == ROOM and event.sender != BOB
        if event.timestamp < within.before
    }
    assert len(ranked) == len({message.event_id for message in ranked}) <= limit
    assert all(allowed.get(message.event_id) == message for message in ranked)
