"""Vectors: made once for each text, gone with it, compared within rooms."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from lunabot.errors import WorldError
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval.embedding import Endpoint, WordLlama
from lunabot.memory.retrieval.retriever import Retriever
from tests.unit.memory.retrieval.finding import HOUR, NAMES, scope, spaced
from tests.unit.memory.samples import BOB, OTHER_ROOM, redacted, said

pytest.importorskip("numpy", reason="vectors are an extra")

_SENSES = (("cat", "kitten"), ("ship", "vessel"), ("rain", "drizzle"))


class Senses:
    """A model that knows three meanings; it notes what it was asked for."""

    def __init__(self, name: str = "senses") -> None:
        self.name = name
        self.asked: list[str] = []
        self.failing = False

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        if self.failing:
            raise WorldError("the model is away")
        self.asked += texts
        return [
            bytes(127 * any(word in text for word in each) for each in _SENSES) for text in texts
        ]


async def _found(retriever: Retriever, text: str) -> list[str]:
    question = said("$question", text, sender=BOB, at=10**12)
    return [each.event_id for each in await retriever.search(question, (), scope(), NAMES, 9)]


async def test_what_is_said_in_other_words_is_found(archive: Archive) -> None:
    senses = Senses()
    retriever = Retriever(archive, senses)
    await archive.record_history(spaced("my kitten sleeps", "a vessel sank"))
    await archive.record_history([said("$elsewhere", "kitten", room_id=OTHER_ROOM)])
    assert await _found(retriever, "Where would the cat be?") == []
    await retriever.catch_up()
    assert await _found(retriever, "Where would the cat be?") == ["$0"]
    await archive.record_history([said("$new", "another kitten", at=9 * HOUR)])
    await retriever.catch_up()
    assert set(await _found(retriever, "Where would the cat be?")) == {"$0", "$new"}
    assert len(senses.asked) == len(set(senses.asked)) + 2  # the question, three times


async def test_edits_get_a_new_vector_and_redactions_lose_theirs(archive: Archive) -> None:
    retriever = Retriever(archive, Senses())
    await archive.record_history(spaced("my kitten sleeps", "a kitten purrs", "a vessel sank"))
    await retriever.catch_up()
    await archive.record_history([redacted("$1"), said("$e", "the drizzle", replaces="$0")])
    await retriever.catch_up()
    assert await _found(retriever, "Where would the cat be?") == []
    assert await _found(retriever, "Where would it rain?") == ["$0"]
    assert await archive.without_vectors(9) == []


async def test_another_model_makes_all_vectors_anew(archive: Archive) -> None:
    await archive.record_history(spaced("my kitten sleeps"))
    await Retriever(archive, Senses()).catch_up()
    other = Senses("other")
    await Retriever(archive, other).catch_up()
    assert other.asked == ["my kitten sleeps"]


async def test_a_text_that_changed_meanwhile_waits_for_its_own_vector(archive: Archive) -> None:
    await archive.record_history(spaced("my kitten sleeps"))
    texts = await archive.without_vectors(9)
    await archive.record_history([said("$e", "the drizzle", replaces="$0")])
    await archive.record_vectors(texts, [b"\x7f\0\0"])
    assert [text for _, text in await archive.without_vectors(9)] == ["the drizzle"]


async def test_words_do_while_the_model_is_away(archive: Archive) -> None:
    senses = Senses()
    retriever = Retriever(archive, senses)
    await archive.record_history(spaced("my kitten sleeps"))
    senses.failing = True
    with pytest.raises(WorldError, match="away"):
        await retriever.catch_up()
    assert await _found(retriever, "Where do kittens sleep?") == ["$0"]


async def _ask_endpoint(answer: Any, status: int = 200) -> tuple[list[bytes], dict[str, Any]]:
    seen: dict[str, Any] = {}

    async def embeddings(request: web.Request) -> web.Response:
        seen.update(await request.json(), key=request.headers.get("Authorization"))
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/v1/embeddings", embeddings)
    async with TestServer(app) as server, ClientSession() as http:
        endpoint = Endpoint(http, str(server.make_url("/v1/")), "small", "sesame")
        return await endpoint.embed(["one", ""]), seen


async def test_an_endpoint_is_asked_for_all_texts_at_once() -> None:
    data = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [-3, 0]}]
    vectors, seen = await _ask_endpoint({"data": data})
    assert vectors == [b"\x81\0", b"\0\x7f"]
    assert seen == {"model": "small", "input": ["one", " "], "key": "Bearer sesame"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({}, 200),
        ({"data": []}, 200),
        ({"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}, 200),
        ({"error": "busy"}, 503),
    ],
)
async def test_an_endpoint_that_does_not_serve_is_told(answer: Any, status: int) -> None:
    with pytest.raises(WorldError, match="small"):
        await _ask_endpoint(answer, status)


async def test_wordllama_knows_what_is_alike() -> None:
    pytest.importorskip("wordllama", reason="the extra is not installed")
    import numpy

    texts = ["my kitten is asleep", "the cat sleeps", "interest rates rose again", ""]
    vectors = [numpy.frombuffer(each, numpy.int8) for each in await WordLlama().embed(texts)]
    cat, kitten, money = (each.astype(float) / 127 for each in vectors[:3])
    assert len(vectors) == 4 and abs(cat @ cat - 1) < 0.05
    assert cat @ kitten > cat @ money + 0.2
