"""Whether two ends speak the same: requests and events cross as the classes of `protocol`."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import protocol


@cache
def version() -> str:
    """The same wherever the sources of `protocol` are the same, and nowhere else."""
    return digest_of(Path(protocol.__file__).parent)


def digest_of(folder: Path) -> str:
    """Of all sources in a folder, with their names."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
