"""The model client against a scripted endpoint: retries, limits, and what people are told."""

import asyncio
import logging
import socket
from time import monotonic

import pytest

from lunabot.llm.client import ModelClient
from lunabot.llm.completion import Completion
from lunabot.llm.errors import ModelError
from lunabot.llm.image import Image
from lunabot.llm.turns import ChatTurn
from tests.fake_model import Answer, FakeModel, HalfJson, Hang, Reset, Script, Status
from tests.unit.llm.conftest import MakeClient

HELLO = [ChatTurn("system", "You are Luna."), ChatTurn("user", "hello there")]
KEY = "sk-test-12345"
ONE_ATTEMPT = {"retry_total_s": 2, "timeout_s": 2, "first_pause_s": 8}


def unsupported(parameter: str, instead: str = "") -> Status:
    message = f"Unsupported parameter: '{parameter}' is not supported with this model. {instead}"
    return Status(400, {"error": {"message": message, "param": parameter}})


async def test_an_answer_and_what_it_was_asked_with(model: FakeModel, client: ModelClient) -> None:
    assert await client.complete(HELLO) == Completion("echo: hello there", "fake", 5, 3, "stop")
    [request] = model.requests
    assert request.body == {
        "model": "fake",
        "messages": [
            {"role": "system", "content": "You are Luna."},
            {"role": "user", "content": "hello there"},
        ],
        "max_tokens": 100,
        "temperature": 0.5,
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_another_model_for_one_call(model: FakeModel, client: ModelClient) -> None:
    assert (await client.complete(HELLO, model="larger")).model == "larger"
    assert model.requests[-1].model == "larger"


async def test_token_counts_are_none_where_the_endpoint_gives_none(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(Answer("hi", usage=False, finish_reason=None))
    assert await client.complete(HELLO) == Completion("hi", "fake", None, None, None)


@pytest.mark.parametrize(
    "trouble",
    [
        Status(429, headers={"Retry-After": "0"}),
        Status(429, headers={"retry-after-ms": "1"}),
        Status(408),
        Status(409),
        Status(500, "<html>Internal Server Error</html>"),
        Status(502, "<html>Bad Gateway</html>"),
        Status(503),
        Status(529),
        Reset(),
        HalfJson(),
        Status(200, "<html>Welcome to our proxy</html>"),
        Status(200, {"id": "c1", "choices": []}),
        Status(200, {"id": "c1"}),
        Status(200, "null"),
        Status(200, {"choices": [{"message": {"content": {"not": "a text"}}}]}),
    ],
    ids=repr,
)
async def test_a_passing_trouble_is_tried_again(
    model: FakeModel, client: ModelClient, trouble: Script
) -> None:
    model.enqueue(trouble, trouble, Answer("at last"))
    assert (await client.complete(HELLO)).text == "at last"
    assert len(model.requests) == 3


async def test_a_hanging_attempt_is_given_up_and_tried_again(
    model: FakeModel, make_client: MakeClient
) -> None:
    model.enqueue(Hang(), Answer("at last"))
    assert (await make_client(timeout_s=0.5).complete(HELLO)).text == "at last"


async def test_what_does_not_pass_ends_in_time(model: FakeModel, make_client: MakeClient) -> None:
    model.reply = lambda request: Hang()
    client = make_client(timeout_s=0.2, retry_total_s=2)
    with pytest.raises(ModelError, match=r"did not answer in time \(llm\.timeout_s\)"):
        async with asyncio.timeout(30):
            await client.complete(HELLO)
    assert len(model.requests) >= 2


async def test_a_wait_longer_than_the_budget_is_not_begun(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(Status(429, headers={"Retry-After": "120"}))
    with pytest.raises(ModelError, match="is asked too often: ask again in 120 s"):
        await client.complete(HELLO)
    assert len(model.requests) == 1


async def test_retry_after_is_honoured(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Status(503, headers={"Retry-After": "0.3"}))
    started = monotonic()
    await client.complete(HELLO)
    assert monotonic() - started >= 0.3


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (Status(401), r"^llm\.api_key was refused by 127\.0\.0\.1:\d+$"),
        (Status(403), r"^127\.0\.0\.1:\d+ forbids model fake: set llm\.model or llm\.api_key$"),
        (
            Status(404, {"error": {"message": "The model `fake` does not exist"}}),
            r"^model fake is unknown to 127\.0\.0\.1:\d+: set llm\.model$",
        ),
        (Status(404, "404 page not found"), r"knows no such address: set llm\.base_url"),
        (
            Status(429, {"error": {"message": "You exceeded", "code": "insufficient_quota"}}),
            r"^the account of llm\.api_key at 127\.0\.0\.1:\d+ has no credit$",
        ),
        (Status(402), "has no credit$"),
        (
            Status(400, {"error": {"message": "too long", "code": "context_length_exceeded"}}),
            r"the prompt is too long for model fake: lower context\.budget_tokens",
        ),
        (Status(400, {"error": {"message": "bad  role"}}), r"\(status 400\) bad role$"),
    ],
)
async def test_what_only_a_person_can_mend_is_not_tried_again(
    model: FakeModel, client: ModelClient, trouble: Script, text: str
) -> None:
    model.enqueue(trouble)
    with pytest.raises(ModelError, match=text):
        await client.complete(HELLO)
    assert len(model.requests) == 1


async def test_an_empty_completion_is_an_error(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Answer(" \n"), Answer("", finish_reason="length"))
    with pytest.raises(ModelError, match="the model returned nothing"):
        await client.complete(HELLO)
    with pytest.raises(ModelError, match=r"returned nothing.*raise context\.reply_tokens"):
        await client.complete(HELLO)
    assert len(model.requests) == 2


async def test_nobody_listens(make_client: MakeClient) -> None:
    client = make_client(f"http://127.0.0.1:{closed_port()}/v1", **ONE_ATTEMPT)
    with pytest.raises(ModelError, match=r"^cannot reach 127\.0\.0\.1:\d+ \(llm\.base_url\)"):
        await client.complete(HELLO)


async def test_an_answer_that_is_not_http(make_client: MakeClient) -> None:
    async def talk_smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk_smtp, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = make_client(f"http://127.0.0.1:{port}/v1", **ONE_ATTEMPT)
        with pytest.raises(ModelError, match="cannot reach"):
            await client.complete(HELLO)


async def test_no_key_is_ever_shown(
    model: FakeModel, client: ModelClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"error": {"message": f"no such org for key {KEY}, Bearer abc.def or sk-other-98765"}}
    model.enqueue(Status(500, echo), Status(400, echo))
    with pytest.raises(ModelError) as caught:
        await client.complete(HELLO)
    logging.getLogger("test").error("as a bug would be logged", exc_info=caught.value)
    for text in (str(caught.value), caplog.text):
        assert "no such org for key ***" in text
        assert KEY not in text
        assert "98765" not in text
        assert "abc.def" not in text
        assert "hello there" not in text


async def test_a_key_that_cannot_be_sent(make_client: MakeClient) -> None:
    with pytest.raises(ModelError, match=r"llm\.api_key has characters"):
        await make_client(api_key="schlüssel").complete(HELLO)


async def test_blanks_around_a_key_do_not_count(model: FakeModel, make_client: MakeClient) -> None:
    await make_client(api_key=f" {KEY}\n").complete(HELLO)
    assert model.requests[-1].headers["Authorization"] == f"Bearer {KEY}"


async def test_a_key_from_elsewhere_is_not_sent(
    model: FakeModel, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    await make_client(api_key="").complete(HELLO)
    assert "somebody" not in str(model.requests[-1].headers)


async def test_a_proxy_is_not_asked_for_a_model_on_this_machine(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert (await make_client().complete(HELLO)).text == "echo: hello there"


async def test_a_reasoning_model_is_understood_once_and_for_all(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(
        unsupported("max_tokens", "Use 'max_completion_tokens' instead."),
        unsupported("temperature"),
    )
    for _ in range(2):
        await client.complete(HELLO)
    assert len(model.requests) == 4
    for request in model.requests[2:]:
        assert request.body["max_completion_tokens"] == 100
        assert request.body.keys() == {"model", "messages", "max_completion_tokens"}


async def test_a_model_without_sight_answers_in_words(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(Status(500, {"error": {"message": "image input is not supported"}}))
    picture = Image(b"pixels", "image/jpeg", 10, 10)
    await client.complete([ChatTurn("user", "what is it?", (picture,))])
    shown, told = model.requests
    assert (shown.images, shown.last_user) == ([b"pixels"], "what is it?")
    assert told.images == [] and "cannot see" in told.last_user


async def test_what_one_model_refuses_another_may_take(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(unsupported("temperature"))
    await client.complete(HELLO, model="reasoning")
    await client.complete(HELLO)
    assert "temperature" not in model.requests[1].body
    assert model.requests[2].body["temperature"] == 0.5


async def test_a_parameter_that_stays_refused_is_an_error(
    model: FakeModel, client: ModelClient
) -> None:
    model.reply = lambda request: unsupported("temperature")
    with pytest.raises(ModelError, match="status 400"):
        await client.complete(HELLO)
    assert len(model.requests) == 2


async def test_no_more_calls_at_a_time_than_allowed(
    model: FakeModel, make_client: MakeClient
) -> None:
    client = make_client(max_concurrent=2)
    gate = asyncio.Event()
    model.reply = lambda request: Answer("hi", hold=gate)
    async with asyncio.TaskGroup() as calls:
        for _ in range(6):
            calls.create_task(client.complete(HELLO))
        await model.wait_for(lambda _: len(model.requests) == 2)
        gate.set()
    assert len(model.requests) == 6
    assert model.most_at_once == 2


async def test_waiting_for_a_place_is_not_counted(
    model: FakeModel, make_client: MakeClient
) -> None:
    client = make_client(max_concurrent=1, timeout_s=0.7, retry_total_s=0.7)
    model.reply = lambda request: Answer("hi", delay_s=0.1)
    completions = await asyncio.gather(*(client.complete(HELLO) for _ in range(10)))
    assert [completion.text for completion in completions] == ["hi"] * 10
    assert len(model.requests) == 10


async def test_a_cancelled_call_gives_its_place_back(
    model: FakeModel, make_client: MakeClient
) -> None:
    client = make_client(max_concurrent=1)
    model.enqueue(Hang())
    call = asyncio.create_task(client.complete(HELLO))
    await model.wait_for(lambda request: True)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await client.complete(HELLO)).text == "echo: hello there"


async def test_check_finds_a_listed_model_without_asking_it(
    model: FakeModel, client: ModelClient
) -> None:
    await client.check()
    assert model.requests == []


async def test_check_asks_a_model_that_is_not_listed(
    model: FakeModel, make_client: MakeClient
) -> None:
    client = make_client(model="hidden")
    model.enqueue(unsupported("temperature"), Answer(""))
    await client.check()
    assert model.requests[-1].model == "hidden"
    model.enqueue(Status(404, {"error": {"message": "model not found"}}))
    with pytest.raises(ModelError, match="model hidden is unknown to"):
        await client.check()


async def test_check_with_a_wrong_key(make_client: MakeClient) -> None:
    async with FakeModel(api_key="right") as model:
        await make_client(model.base_url, api_key="right").check()
        with pytest.raises(ModelError, match=r"llm\.api_key was refused"):
            await make_client(model.base_url, api_key="wrong").check()


@pytest.mark.parametrize("base", ["", "/elsewhere"])
async def test_check_with_a_wrong_address(
    model: FakeModel, make_client: MakeClient, base: str
) -> None:
    client = make_client(model.base_url.removesuffix("/v1") + base)
    with pytest.raises(ModelError, match=r"set llm\.base_url"):
        await client.check()


async def test_check_of_nothing(make_client: MakeClient) -> None:
    with pytest.raises(ModelError, match="cannot reach"):
        await make_client(f"http://127.0.0.1:{closed_port()}/v1").check()


async def test_the_name_for_people_hides_a_password(make_client: MakeClient) -> None:
    client = make_client("https://user:secret@models.example.org:8443/v1")
    assert client.host == "models.example.org:8443"
    assert client.model == "fake"


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
