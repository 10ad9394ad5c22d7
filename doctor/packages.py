"""What must be there before anything else can be imported: Python itself, and the packages.

Reads itself with old Pythons and needs nothing but the standard library.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

LEAST_PYTHON = (3, 11)
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
# For --ray alone, and for --camera.
REQUIREMENTS_RAY = REQUIREMENTS.with_name("requirements-ray.txt")
REQUIREMENTS_CAMERAS = REQUIREMENTS.with_name("requirements-cameras.txt")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
EXIT_REFUSED, EXIT_CHECK = 2, 1


def refuse_what_cannot_start() -> None:
    """End the program with one sentence where Python is too old or a package is missing."""
    refuse_old_python()
    _refuse(find_missing())


def refuse_old_python() -> None:
    """End the program with one sentence where Python is too old."""
    _refuse(find_old_python(sys.version_info[:2]))


def find_old_python(python: tuple[int, int]) -> str | None:
    """Say that a Python is too old, and what helps; None where it is not."""
    if python >= LEAST_PYTHON:
        return None
    least = ".".join(map(str, LEAST_PYTHON))
    return (
        f"This is Python {python[0]}.{python[1]}, and Moonsight needs {least} or newer. Install"
        f" one, remove the folder .venv, and start with make run PYTHON=python{least} (Windows:"
        f" py -{least} -m venv .venv, and on from there)."
    )


def find_missing(requirements: Path = REQUIREMENTS) -> str | None:
    """Say which packages are missing, and what brings them; None where all are here."""
    missing = [name for name in required(requirements) if version_of(name) is None]
    if not missing:
        return None
    are = "is" if len(missing) == 1 else "are"
    if sys.prefix == sys.base_prefix:
        return (
            f"{', '.join(missing)} {are} not installed in this Python. Start with make run, or with"
            " the Python of .venv, which has its own."
        )
    return (
        f"{', '.join(missing)} {are} not installed. Run {_this_python()} -m pip install -r"
        f" {os.path.relpath(requirements)}"
    )


def required(requirements: Path = REQUIREMENTS) -> list[str]:
    """Names of the packages that Moonsight needs."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return [name[0] for name in map(NAME.match, lines) if name]


def version_of(package: str) -> str | None:
    """Which version is installed, None for none."""
    # Too new for the Pythons that are refused.
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _refuse(reason: str | None) -> None:
    if reason is None:
        return
    sys.stderr.write(f"{reason}\n")
    is_check = "--check" in sys.argv or os.environ.get("MOONSIGHT_CHECK")
    sys.exit(EXIT_CHECK if is_check else EXIT_REFUSED)


def _this_python() -> str:
    home = os.path.expanduser("~")
    if sys.executable.startswith(os.getcwd() + os.sep):
        return os.path.relpath(sys.executable)
    return sys.executable.replace(home, "~", 1) if len(home) > 1 else sys.executable
