"""Why the system does not let a file be used, in words."""

import errno
import os
from pathlib import Path

FORBIDDEN = (errno.EACCES, errno.EPERM)
# What a disk says that was unplugged, is worn out, or whose network is gone.
DISK_GONE = (errno.EIO, errno.ENXIO, errno.ENODEV, getattr(errno, "ESTALE", errno.EIO))


def why_unreadable(path: Path, error: OSError) -> str:
    """Say why the system does not let a file or folder be read, and what helps."""
    reason = error.strerror or type(error).__name__
    if error.errno in FORBIDDEN:
        return (
            f"{barrier(path)} may not be read ({reason}). Change its permissions, or start as"
            " a user who has them."
        )
    if error.errno == errno.ENOENT:
        return f"{path} is not there any more. Check the disk that it was on."
    remedy = " Check the disk that it is on." if error.errno in DISK_GONE else ""
    return f"{path} cannot be read: {reason}.{remedy}"


def barrier(path: Path) -> Path:
    """The folder on the way that nobody here may enter, or else the path itself."""
    # What lies behind a closed folder does not seem to exist.
    folders = (each for each in path.absolute().parents if os.path.exists(each))
    return next((each for each in folders if not os.access(each, os.X_OK)), path)
