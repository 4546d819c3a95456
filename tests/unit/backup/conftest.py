"""What the tests of backups share."""

from collections.abc import Iterator

import pytest

from lunabot.backup import sealing


@pytest.fixture(autouse=True, scope="package")
def cheap() -> Iterator[None]:
    """The weakest key derivation there is: what it costs is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "_PASSES", 1)
        patch.setattr(sealing, "_MEMORY_KIB", 8)
        yield
