"""A campaign takes as long as it takes."""

from pathlib import Path

import pytest

from tests.fuzz.campaign import LONG

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder an hour in the long form."""
    for item in items:
        if LONG and HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(3_600))
