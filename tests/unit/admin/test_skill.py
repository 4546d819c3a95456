"""A skill from its declaration to its answer."""

from typing import Annotated, Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.call import Answer, Call, Plan
from lunabot.admin.grammar import Names, read_command
from lunabot.admin.parameters import Converter, Localpart, RoomReference, Secret, Tail
from lunabot.admin.skill import DeclarationError, PlanFunction, Skill, SkillFunction, skill
from lunabot.errors import UserMistake
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId


@skill("greet", aliases=("hello",), examples=("greet @scout:localhost Welcome home!",))
async def greet(call: Call, user: UserId, *, loud: bool = False, text: Tail = "Hello") -> str:
    """Say hello to somebody.

    The one who is greeted need not be here,
    nor awake.

    user: who is greeted
    loud: in capital letters
    text: what to say
    """
    line = f"{text}, {user}"
    return line.upper() if loud else line


async def wipe_plan(call: Call, scope: str, room: RoomReference | None) -> Plan:
    return Plan(f"**{scope}** goes", scope)


@skill("wipe", destructive=True, plan=wipe_plan)
async def wipe(
    call: Call, scope: Literal["room", "all"], room: RoomReference | None = None
) -> Answer:
    """Wipe what was said.

    scope: how much
    room: which room,
        if not all
    """
    await call.progress(f"wiping {scope}")
    return Answer(f"{scope} is not wiped", ok=False)


@skill("login")
async def login(call: Call, name: Localpart, password: Secret, *, code: Secret = "") -> str:
    """Log in elsewhere.

    name: the account
    password: its password
    code: the second factor
    """
    return "done"


SecretTail = Annotated[
    str, Converter("SECRET", "a secret", "…", lambda word, _server: word, tail=True, secret=True)
]


@skill("store_key")
async def store_key(call: Call, name: str, key: SecretTail) -> str:
    """Keep a key.

    name: of the key
    key: with all its lines
    """
    return "kept"


def call(reported: list[str] | None = None) -> Call:
    async def report(text: str) -> None:
        if reported is not None:
            reported.append(text)

    event = Message(EventId("$1"), RoomId("!admin"), UserId("@admin:localhost"), 0, "/greet")
    return Call(event, cast(Any, None), report)


def test_signature_and_docstring_are_the_declaration() -> None:
    assert greet.verb == "greet"
    assert greet.names == ("greet", "hello")
    assert greet.summary == "Say hello to somebody"
    assert greet.description == "The one who is greeted need not be here, nor awake."
    assert greet.usage == "/greet USER [--loud] [TEXT…]"
    assert greet.group == "test_skill"
    assert greet.where.startswith(f"{__file__}:")
    assert wipe.parameters[1].description == "which room, if not all"
    assert wipe.usage == "/wipe SCOPE [ROOM]"
    assert login.usage == "/login NAME PASSWORD [--code SECRET]"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("scout", "Hello, @scout:localhost"),
        ("scout Good day", "Good day, @scout:localhost"),
        ("—loud scout Good day", "GOOD DAY, @SCOUT:LOCALHOST"),
        ("loud=no scout\nGood\nday", "Good\nday, @scout:localhost"),
    ],
)
async def test_runs_with_what_was_typed(text: str, answer: str) -> None:
    assert await greet.read(text, "localhost").run(call()) == Answer(answer)


async def test_an_answer_may_say_that_it_failed_and_progress_is_reported() -> None:
    reported: list[str] = []
    invocation = wipe.read("ALL", "localhost")
    assert await invocation.run(call(reported)) == Answer("all is not wiped", ok=False)
    assert reported == ["wiping all"]


def test_a_call_knows_who_asked_and_where() -> None:
    assert (call().sender, call().room_id) == ("@admin:localhost", "!admin")


@pytest.mark.parametrize(
    ("text", "confirmed"),
    [
        ("all", False),
        ("all --yes", True),
        ("—yes all", True),
        ("yes=yes all", True),
        ("all --yes=no", False),
    ],
)
def test_only_what_destroys_can_be_confirmed_beforehand(text: str, confirmed: bool) -> None:
    invocation = wipe.read(text, "localhost")
    assert invocation.confirmed is confirmed
    assert invocation.values == {"scope": "all", "room": None}
    with pytest.raises(UserMistake, match="There is no option `--yes`"):
        greet.read("--yes scout", "localhost")


async def test_what_is_not_confirmed_yet_has_a_plan() -> None:
    assert await wipe.read("all", "localhost").plan(call()) == Plan("**all** goes", "all")
    assert await wipe.read("all --yes", "localhost").plan(call()) is None
    assert await greet.read("scout", "localhost").plan(call()) is None


async def plan_of_nothing(call: Call) -> Plan:
    return Plan("", "")


async def plan_of_other(call: Call, place: str, room: str) -> Plan:
    return Plan("", "")


def plan_at_once(call: Call, scope: str, room: str) -> Plan:
    return Plan("", "")


@pytest.mark.parametrize("plan", [plan_of_nothing, plan_of_other, plan_at_once])
def test_a_plan_takes_what_its_skill_takes(plan: PlanFunction) -> None:
    with pytest.raises(DeclarationError, match=r"has to be `async def plan\(call, scope, room\)`"):
        skill("wipe", destructive=True, plan=plan)(wipe.function)


def test_only_what_destroys_has_a_plan() -> None:
    with pytest.raises(DeclarationError, match="add `destructive=True`"):
        skill("wipe", plan=wipe_plan)(wipe.function)


def test_what_destroys_takes_no_secret() -> None:
    with pytest.raises(DeclarationError, match="the question before it would hold it"):
        skill("login", destructive=True)(login.function)


@pytest.mark.parametrize(
    ("declared", "text", "told"),
    [
        (greet, "", "`USER` is missing: who is greeted."),
        (greet, "'The Scout'", "`The Scout` is not a user"),
        (greet, "--luod scout", "There is no option `--luod`. Did you mean `--loud`?"),
        (wipe, "all !abc more words", "`more words` is more than it takes."),
        (wipe, "everything", "`everything` is not one of room, all."),
    ],
)
def test_a_mistake_is_told_with_the_usage(declared: Skill, text: str, told: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        declared.read(text, "localhost")
    assert str(mistake.value).startswith(told)
    assert str(mistake.value).endswith(f"\n\nUsage: `{declared.usage}`")


@pytest.mark.parametrize(
    ("declared", "text", "kept"),
    [
        (greet, " scout  Good day ", "scout  Good day"),
        (greet, " “open", "“open"),
        (login, "scout hunter2", "scout ***"),
        (login, "scout 'hunter 2' —code 1234", "scout *** --code=***"),
        (login, "code=1234 scout", "scout --code=***"),
        (login, "scout hunter 2", "***"),
        (login, "scout --cdoe 1234", "***"),
        (login, "scout 'hunter", "***"),
        (store_key, "mine\n---BEGIN---\nabc", "mine\n***"),
    ],
)
def test_secrets_are_masked_for_the_audit_trail(declared: Skill, text: str, kept: str) -> None:
    assert declared.masked(text) == kept


@given(st.text(min_size=1), st.sampled_from(["scout {}", "--code {} scout x", "{} scout x y"]))
def test_a_mistake_does_not_repeat_what_may_be_a_secret(text: str, command: str) -> None:
    try:
        login.read(command.format(text), "localhost")
    except UserMistake as mistake:
        assert str(mistake) == f"I cannot read that.\n\nUsage: `{login.usage}`"


async def undescribed(call: Call, user: UserId) -> str:
    """Greet."""
    return user


async def untyped(call, user) -> str:  # type: ignore[no-untyped-def]
    """Greet.

    user: who
    """
    return str(user)


async def unknown_type(call: Call, user: bytes) -> str:
    """Greet.

    user: who
    """
    return str(user)


async def without_call(user: UserId) -> str:
    """Greet.

    user: who
    """
    return user


async def without_anything() -> str:
    """Greet."""
    return ""


async def without_docstring(call: Call) -> str:
    return ""


async def without_summary_line(call: Call) -> str:
    """Greet somebody,
    in two lines.
    """
    return ""


async def tail_in_the_middle(call: Call, text: Tail, *, loud: bool = False) -> str:
    """Greet.

    text: what
    loud: how
    """
    return text


async def any_number(call: Call, *users: UserId) -> str:
    """Greet.

    users: who
    """
    return ""


async def flag_without_default(call: Call, *, loud: bool) -> str:
    """Greet.

    loud: how
    """
    return ""


async def with_yes(call: Call, *, yes: bool = False) -> str:
    """Greet.

    yes: or no
    """
    return ""


async def undefined_type(call: Call, user: "Nobody") -> str:  # type: ignore[name-defined] # noqa: F821
    """Greet.

    user: who
    """
    return ""


def not_async(call: Call) -> str:
    """Greet."""
    return ""


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (undescribed, "the docstring has no line `user: what it is`"),
        (untyped, "the first parameter has to be `call: Call`"),
        (unknown_type, "no parameter can be of the type <class 'bytes'>"),
        (without_call, "the first parameter has to be `call: Call`"),
        (without_anything, "the first parameter has to be `call: Call`"),
        (without_docstring, "the docstring has to start with a summary"),
        (without_summary_line, "the docstring has to start with a summary"),
        (tail_in_the_middle, "`text` takes the rest, so it has to be the last parameter"),
        (any_number, "`users` has to be a plain parameter, or one behind `*`"),
        (flag_without_default, "`loud` is there or not, so it needs a default"),
        (with_yes, "`--yes` is taken: it skips the question before it destroys"),
        (undefined_type, "name 'Nobody' is not defined"),
        (not_async, "a skill is an async function"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_place(function: SkillFunction, told: str) -> None:
    with pytest.raises(DeclarationError) as error:
        skill("hi", destructive=function is with_yes)(function)
    line = function.__code__.co_firstlineno
    assert str(error.value).startswith(f"{__file__}:{line}: /hi: {told}")


@pytest.mark.parametrize("verb", ["Hi", "say-hi", "5", "", "grüß", "two words", "_hi"])
def test_a_verb_has_one_spelling(verb: str) -> None:
    with pytest.raises(DeclarationError, match="cannot be a verb"):
        skill(verb)(greet.function)
    with pytest.raises(DeclarationError, match="cannot be a verb"):
        skill("hi", bang_aliases=(verb,))(greet.function)


@pytest.mark.parametrize(
    ("line", "told"),
    [("greet", "does not parse: `USER` is missing"), ("hi scout", "does not start with the verb")],
)
def test_an_example_has_to_parse(line: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        skill("greet", examples=(line,))(greet.function)


@given(st.text())
def test_any_text_is_an_invocation_or_a_mistake(text: str) -> None:
    names = Names(UserId("@luna:localhost"), "Luna")
    for declared in (greet, wipe, login):
        event = Message(EventId("$1"), RoomId("!a"), UserId("@a:b"), 0, f"/{declared.verb} {text}")
        command = read_command(event, names, {declared.verb})
        assert command
        try:
            assert declared.read(command.text, "localhost").skill is declared
        except UserMistake as mistake:
            assert declared.usage in str(mistake)
        assert isinstance(declared.masked(command.text), str)
