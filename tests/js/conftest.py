"""Where there is no node, this is said once."""

import pytest

from tests.js.test_scripts import NO_NODE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_NODE in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(NO_NODE)
