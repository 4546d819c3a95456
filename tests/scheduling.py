"""How a parallel run shares out the tests."""

from xdist.scheduler import LoadFileScheduling


class LoadWorldScheduling(LoadFileScheduling):
    """A worker runs all tests of a file, and all of `tests/faults`, which share a world."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "tests/faults" if file.startswith("tests/faults/") else file
