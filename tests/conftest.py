"""How properties are tried: `make unit` tries new examples each time, `make test` and CI the same ones on every run."""

import pytest
from hypothesis import HealthCheck, settings

NO_CLOCK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test measures time

settings.register_profile("default", NO_CLOCK)
settings.register_profile("ci", NO_CLOCK, derandomize=True, database=None, print_blob=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tried on Spark, and why, is told last."""
    skipped = terminalreporter.getreports("skipped")
    for reason in sorted({str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)}):
        if "not tried on Spark" in reason:
            terminalreporter.write_line(reason.removeprefix("Skipped: "))
