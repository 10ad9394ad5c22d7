"""What the page's scripts work out by themselves, tested by node: no browser, no server."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import playwright
import pytest

HERE = Path(__file__).parent
# Since then node tells by itself that a script is a module.
FIRST_VERSION = (20, 19)
LIMIT_S = 60

NO_NODE = "No Node.js 20.19 or newer found: the tests of the page's scripts were left out."


@pytest.fixture(scope="session")
def node() -> str:
    """The computer's own node, or the one that comes along with Playwright."""
    own, bundled = shutil.which("node"), Path(playwright.__file__).parent / "driver" / "node"
    for path in filter(None, (own, shutil.which(bundled))):
        if version_of(path) >= FIRST_VERSION:
            return path
    if os.environ.get("REQUIRE_NODE") == "1":
        pytest.fail(NO_NODE)
    pytest.skip(NO_NODE)


def version_of(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))


@pytest.mark.parametrize("script", sorted(path.name for path in HERE.glob("*.test.js")))
def test_script_does_what_is_claimed(node: str, script: str) -> None:
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", script],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    if run.returncode != 0:
        pytest.fail(run.stdout, pytrace=False)
