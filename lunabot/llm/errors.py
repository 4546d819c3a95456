"""What can go wrong between Luna and a model, in words for people.

An `Endpoint` turns each kind of failure into a `ModelError` whose text is short, names the setting
to change where one is at fault, and never holds the key, even where the provider echoes it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lunabot.errors import WorldError
from lunabot.retries import retry_after_s

_CLIPPED_CHARACTERS = 200
_SHORTEST_SECRET = 4  # characters: shorter ones are dummies, and parts of ordinary words
_PASSING_STATUSES = frozenset({408, 409, 429})
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient balance", re.IGNORECASE)
_UNKNOWN_MODEL = re.compile(
    r"model_not_found|(unknown|invalid|not a valid) model|model \S* ?(does )?not (exist|found)",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(r"context[ _]?(length|size|window)|maximum context", re.IGNORECASE)
_SECRET = re.compile(r"(?i:bearer\s+)\S+|\b(?:sk|pk|gsk|xai|pplx|hf|key|AIza)[-_][\w*.-]{6,}")


class ModelError(WorldError):
    """The model gave no answer. When `passing`, asking again may help, after `retry_after_s`."""

    def __init__(
        self, text: str, *, passing: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(text)
        self.passing = passing
        self.retry_after_s = retry_after_s


class Refusal(ModelError):
    """The endpoint answered with an HTTP error; `said` is its masked explanation, in full."""

    def __init__(
        self,
        text: str,
        status: int,
        said: str,
        *,
        passing: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(text, passing=passing, retry_after_s=retry_after_s)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is asked: a base URL and its key."""

    base_url: str
    api_key: str = field(repr=False)

    @property
    def host(self) -> str:
        """Host name and, where one is given, port; never the user or password of a URL."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2] or self.base_url

    def refusal(self, status: int, headers: Mapping[str, str], body: object, model: str) -> Refusal:
        """Explain an HTTP error. `body` is its JSON or text, `model` the one asked for."""
        said = self._masked(body if isinstance(body, str) else json.dumps(body, default=str))
        if status == 402 or (status == 429 and _NO_CREDIT.search(said)):
            return Refusal(f"the account of llm.api_key at {self.host} has no credit", status, said)
        if status in _PASSING_STATUSES or status >= 500:
            wait_s = retry_after_s(headers)
            text = self._passing_text(status, wait_s)
            return Refusal(text, status, said, passing=True, retry_after_s=wait_s)
        return Refusal(self._lasting_text(status, said, body, model), status, said)

    def unreachable(self) -> ModelError:
        """No connection, or one that broke before the answer was whole."""
        return ModelError(f"cannot reach {self.host} (llm.base_url): ask again later", passing=True)

    def late(self) -> ModelError:
        """No answer within the time limit."""
        text = f"{self.host} did not answer in time (llm.timeout_s): ask again later"
        return ModelError(text, passing=True)

    def garbled(self) -> ModelError:
        """Status 200, but no completion in it: half a JSON, a web page, no choices."""
        return ModelError(
            f"{self.host} answered with something that is no completion: "
            "ask again later, or check llm.base_url",
            passing=True,
        )

    def broken_off(self) -> ModelError:
        """A streamed answer that stopped before its end."""
        return ModelError(f"{self.host} broke off its answer: ask again later", passing=True)

    def silent(self, model: str, finish_reason: str | None) -> ModelError:
        """A completion without a text."""
        why = {
            "length": ": all its tokens went into thinking, raise context.reply_tokens",
            "content_filter": ": its provider's content filter stopped it",
        }.get(finish_reason or "", "")
        return ModelError(f"the model returned nothing ({model} at {self.host}){why}")

    def _passing_text(self, status: int, wait_s: float | None) -> str:
        trouble = "is asked too often" if status == 429 else f"has a fault (status {status})"
        when = "later" if wait_s is None else f"in {wait_s:.0f} s"
        return f"{self.host} {trouble}: ask again {when}"

    def _lasting_text(self, status: int, said: str, body: object, model: str) -> str:
        if status == 401:
            return f"llm.api_key was refused by {self.host}"
        if status == 403:
            return f"{self.host} forbids model {model}: set llm.model or llm.api_key"
        if _UNKNOWN_MODEL.search(said) or (status == 404 and "model" in said.lower()):
            return f"model {model} is unknown to {self.host}: set llm.model"
        if status == 404:
            return f"{self.host} knows no such address: set llm.base_url (it often ends in /v1)"
        if _TOO_LONG.search(said):
            return f"the prompt is too long for model {model}: lower context.budget_tokens"
        explanation = self._masked(_message(body))[:_CLIPPED_CHARACTERS]
        return f"{self.host} refused the request (status {status}) {explanation}".rstrip()

    def _masked(self, text: str) -> str:
        if len(self.api_key) >= _SHORTEST_SECRET:
            text = text.replace(self.api_key, "***")
        return _SECRET.sub("***", " ".join(text.split()))


def _message(body: object) -> str:
    """Find the provider's explanation in an error body; a web page is none."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, Mapping) else inner
        return message if isinstance(message, str) else ""
    return body if isinstance(body, str) and not body.lstrip().startswith("<") else ""
