"""Programs without a superuser's rights, so that a closed folder is closed to them."""

import os
import sys
from collections.abc import Sequence

# Linux: what lets the superuser into every folder, and how it is given up for good.
GIVE_UP, DAC_OVERRIDE, DAC_READ_SEARCH = 24, 1, 2
CLOSED = 0o000

_WITHOUT = (
    "import ctypes, os, sys; system = ctypes.CDLL(None);"
    f"[system.prctl({GIVE_UP}, right, 0, 0, 0) for right in ({DAC_OVERRIDE}, {DAC_READ_SEARCH})];"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def without_rights(command: Sequence[str]) -> list[str]:
    """The same command, as somebody whom a folder's permissions bind."""
    is_superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*([sys.executable, "-c", _WITHOUT] if is_superuser else []), *command]
