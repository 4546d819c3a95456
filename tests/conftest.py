"""What all tests share: lines of a test's own at the end of a run, and who runs them."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.scheduling import LoadWorldScheduling

# A busy machine is no fault of the code's: nothing is timed here.
settings.register_profile("luna", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("luna")

_TOLD = "told"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a line that is printed at the end of the run, whether the test passes or not."""
    return lambda line: record_property(_TOLD, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests told: properties travel from a parallel run's workers, too."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, line in getattr(report, "user_properties", ()):
                if name == _TOLD and report.when == "call":
                    terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Keep those together in a run by files (``--dist loadfile``) that share a world."""
    by_file = config.getvalue("dist") == "loadfile"
    return LoadWorldScheduling(config, log) if by_file else None
