"""What is missing before anything can be imported is one sentence, not a traceback."""

import ast
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from doctor.packages import (
    REQUIREMENTS,
    REQUIREMENTS_CAMERAS,
    REQUIREMENTS_RAY,
    find_missing,
    find_old_python,
    required,
    version_of,
)
from tests.server import LINE_TIMEOUT_S, ROOT, clean_environment


def test_python_with_all_packages_can_start():
    assert find_old_python(sys.version_info[:2]) is None
    assert find_missing() is None
    assert {"torch", "Flask", "eventlet"} <= set(required())
    assert all(version_of(name) for name in required())


@pytest.mark.parametrize("python", [(3, 10), (3, 8), (2, 7)])
def test_old_python_is_refused_by_name(python: tuple[int, int]):
    reason = find_old_python(python)
    assert reason.startswith(f"This is Python {python[0]}.{python[1]}, and Moonsight needs 3.11")


def test_every_missing_package_is_named_with_the_command_that_brings_it(tmp_path: Path):
    file = tmp_path / "requirements.txt"
    file.write_text("# torch\nFlask~=3\nno-such-package>=1,<2\nnor_this.one[extra]\n\n")
    reason = find_missing(file)
    assert reason.startswith("no-such-package, nor_this.one are not installed")
    assert str(REQUIREMENTS) not in reason


def test_what_some_options_need_is_listed_by_itself():
    assert {"ray", "redis"} <= set(required(REQUIREMENTS_RAY))
    assert required(REQUIREMENTS_CAMERAS) == ["av"]


@pytest.mark.parametrize(("options", "code"), [((), 2), (("--check",), 1)])
def test_python_without_any_package_is_told_what_to_do(tmp_path: Path, options, code: int):
    """A download of torch that broke off left nothing installed, and a start a traceback."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = next((tmp_path / "venv").glob("[bS]*/python*"))
    done = subprocess.run(
        [python, "app.py", *options],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=LINE_TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) == 1
    assert "torch, " in done.stderr
    assert done.stderr.strip().endswith("-m pip install -r requirements.txt")


@pytest.mark.parametrize("file", ["app.py", "doctor/__init__.py", "doctor/packages.py"])
def test_old_python_can_read_as_far_as_the_sentence(file: str):
    """Older grammars are refused by the parser itself, before any line runs."""
    ast.parse((ROOT / file).read_text(), feature_version=(3, 8))
