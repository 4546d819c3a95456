"""What the tests of prompts share."""

from collections.abc import Iterator

import pytest

from lunabot.prompt.tokens import Tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> Iterator[Tokenizer]:
    """The exact counter, loaded once: it takes half a second and 60 MB."""
    exact = Tokenizer("gpt-4o")
    exact.count("")
    yield exact
