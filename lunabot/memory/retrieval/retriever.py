"""The door of retrieval: from a question to the older messages that may answer it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

import aiohttp

from lunabot.config import Settings
from lunabot.errors import WorldError
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval.cues import Cues, read
from lunabot.memory.retrieval.embedding import Embedder, chosen
from lunabot.memory.retrieval.search import Likeness, Scope, Search, Vectors
from lunabot.memory.retrieval.timeline import Timeline
from lunabot.problems import Problems

log = logging.getLogger(__name__)

_CATCH_UP_S = 30.0
_BATCH = 256  # messages whose vectors are made at once

_LEAST_TOKENS = 12  # what nearly every message takes, its speaker included
_FEWEST, _MOST = 50, 600

__all__ = ["Retriever", "Scope", "enough"]


def enough(budget_tokens: int) -> int:
    """Return how many messages are to be asked for to fill so many tokens of a prompt."""
    return min(max(budget_tokens // _LEAST_TOKENS, _FEWEST), _MOST)


class Retriever:
    """Finds in an archive; with an embedder, what is said in other words, too.

    One archive, one retriever: it keeps in memory who stands next to whom (23 bytes a message of
    the rooms that were asked about) and the vectors, if there are any.
    """

    def __init__(self, archive: Archive, embedder: Embedder | None = None) -> None:
        self._archive = archive
        self._embedder = embedder
        self._timeline = Timeline()
        self._matrix = _matrix() if embedder else None

    async def search(
        self,
        question: Message,
        context: Sequence[Message],
        scope: Scope,
        names: Mapping[UserId, str],
        limit: int,
    ) -> tuple[Message, ...]:
        """Return at most `limit` messages, the best first, each as people see it now.

        `context` are the messages before the question, oldest first: a short question is
        understood by them. `names` are the display names of the people there may be talk of.

        Raises `WorldError` where the archive fails; without the embedder's model, words do.
        """
        cues = read(question, context, names)
        likeness = await self._likeness(cues)
        search = Search(self._timeline, question.event_id, cues, scope, likeness)
        return await self._archive.search(search.run, limit)

    async def run(self) -> None:
        """Make the vectors of what is said as it comes, for ever; nothing without embedder."""
        while self._embedder is not None:
            try:
                await self.catch_up()
            except WorldError as error:
                log.warning("no vectors: %s", error)
            await asyncio.sleep(_CATCH_UP_S)

    async def catch_up(self) -> None:
        """Make the vectors that are missing, the newest first; nothing to do without embedder.

        Raises `WorldError` where the archive or the embedder fails; what was made stays.
        """
        if self._embedder is None:
            return
        await self._archive.use_vectors_of(self._embedder.name)
        while texts := await self._archive.without_vectors(_BATCH):
            vectors = await self._embedder.embed([text for _, text in texts])
            await self._archive.record_vectors(texts, vectors)

    async def _likeness(self, cues: Cues) -> Likeness | None:
        if self._embedder is None or self._matrix is None:
            return None
        with suppress(WorldError):
            (vector,) = await self._embedder.embed([cues.text])
            return Likeness(self._matrix, vector)
        return None


def _matrix() -> Vectors:
    """Return the matrix; its module needs numpy, which whoever has an embedder has."""
    from lunabot.memory.retrieval.matrix import Matrix

    return Matrix()


def configured(
    settings: Settings, web: aiohttp.ClientSession, archive: Archive, problems: Problems
) -> Retriever:
    """Return the retriever that the settings ask for; what it has to do without is a problem."""
    llm = settings.llm
    try:
        key = llm.api_key.get_secret_value()
        embedder = chosen(settings.memory.embeddings, web, llm.base_url, key)
    except WorldError as error:
        problems.report("embeddings", str(error))
        embedder = None
    return Retriever(archive, embedder)
