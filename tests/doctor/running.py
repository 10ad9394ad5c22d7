"""`python app.py --check` as a person runs it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.server import LINE_TIMEOUT_S, ROOT, clean_environment


@dataclass(frozen=True)
class Check:
    """One check that has ended."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("FAULT")]


def run_check(*options: str, cwd: Path = ROOT, **environment: str) -> Check:
    """Run one check to its end."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--check", *options],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment() | environment,
        timeout=LINE_TIMEOUT_S,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Check(done.returncode, done.stdout, done.stderr)
