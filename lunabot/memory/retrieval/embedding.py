"""What turns texts into vectors: one small interface, and the models behind it.

All of it is optional: the extra `wordllama` brings an offline model of 19 MB, an OpenAI-compatible
endpoint serves a larger one, and without either the full text does the work alone.
"""

import asyncio
import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import aiohttp

from lunabot.errors import WorldError

if TYPE_CHECKING:
    import numpy

_LONGEST = 4_000  # characters of a text that count
_TIMEOUT_S = 30.0


class Embedder(Protocol):
    """A model that knows which texts mean something alike."""

    @property
    def name(self) -> str:
        """What the model is called; vectors of models with other names are not comparable."""

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return a vector for each text: of length one, a signed byte a dimension, 127 for 1.

        Raises `WorldError` where the model cannot be reached.
        """


def chosen(
    name: str, http: aiohttp.ClientSession, base_url: str, key: str
) -> "WordLlama | Endpoint | None":
    """Return the embedder of a name: none, `wordllama`, or a model of the endpoint.

    Raises `WorldError` where what it needs is not installed.
    """
    if not name:
        return None
    try:
        importlib.import_module("numpy")
        return WordLlama() if name == "wordllama" else Endpoint(http, base_url, name, key)
    except ModuleNotFoundError as error:
        raise WorldError(
            f"`memory.embeddings: {name}` needs the package {error.name}: install "
            "`luna[wordllama]`. Until then older messages are found by their words alone."
        ) from None


def packed(vectors: "numpy.ndarray") -> list[bytes]:
    """Return vectors, one a row, as an embedder does."""
    import numpy

    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / numpy.maximum(lengths, 1e-9)
    return [row.tobytes() for row in numpy.rint(units * 127).astype(numpy.int8)]


class WordLlama:
    """Token embeddings out of the wheel of the package `wordllama`, averaged over a text.

    The files are read directly: the package's own loader wants the internet. Raises
    ModuleNotFoundError where `wordllama`, `numpy`, `safetensors` or `tokenizers` are missing.
    """

    name = "wordllama-l2-supercat-256"

    def __init__(self) -> None:
        found = importlib.util.find_spec("wordllama")
        if found is None or not found.submodule_search_locations:
            raise ModuleNotFoundError("No module named 'wordllama'", name="wordllama")
        import safetensors.numpy
        import tokenizers

        folder = Path(found.submodule_search_locations[0])
        weights = safetensors.numpy.load_file(folder / "weights" / "l2_supercat_256.safetensors")
        table = folder / "tokenizers" / "l2_supercat_tokenizer_config.json"
        self._weights: numpy.ndarray = weights["embedding.weight"]
        self._tokenizer = tokenizers.Tokenizer.from_file(str(table))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vectors; 30 µs a message, in a thread."""
        return await asyncio.to_thread(self._embed, texts)

    def _embed(self, texts: Sequence[str]) -> list[bytes]:
        import numpy

        cut = [text[:_LONGEST] for text in texts]
        encoded = self._tokenizer.encode_batch(cut, add_special_tokens=False)
        means = [
            self._weights[each.ids or [0]].mean(axis=0, dtype=numpy.float32) for each in encoded
        ]
        return packed(numpy.stack(means)) if means else []


class Endpoint:
    """An OpenAI-compatible ``/embeddings`` endpoint; each message costs a request's share."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, model: str, key: str) -> None:
        self.name = model
        self._http = http
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Ask for the vectors of all texts at once."""
        import numpy

        body = {"model": self.name, "input": [text[:_LONGEST] or " " for text in texts]}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._http.post(
                self._url, json=body, headers=self._headers, timeout=timeout, raise_for_status=True
            ) as response:
                found = (await response.json())["data"]
            rows = sorted(found, key=lambda row: int(row["index"]))
            vectors = numpy.array([row["embedding"] for row in rows], dtype=numpy.float32)
        except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as error:
            raise WorldError(
                f"the embeddings of {self.name} cannot be had ({type(error).__name__}): older "
                "messages are found by their words alone until they can"
            ) from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise WorldError(f"{self.name} did not return one vector for each text")
        return packed(vectors)
