"""nginx as Debian packages it, with the very configuration that `deploy/` has for it."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

from tests.server import EVENT_TIMEOUT_S, ROOT, Server, free_port

WHOLE = """
daemon off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ }}
http {{
    access_log off;
    {paths}
    include {folder}/default.conf;
}}
"""
# Where it keeps what is too large for memory.
KEEPS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, tiers: Sequence[Server]) -> Iterator[str]:
    """In front of two tiers; yields its URL."""
    port = free_port()
    told = (ROOT / "deploy" / "nginx.conf").read_text()
    replaced = {"listen 80": f"listen 127.0.0.1:{port}"}
    replaced |= {f"web{n}:5000": f"127.0.0.1:{tier.port}" for n, tier in enumerate(tiers, 1)}
    for there, here in replaced.items():
        assert there in told
        told = told.replace(there, here)
    (folder / "default.conf").write_text(told)
    paths = "\n".join(f"{each}_temp_path {folder}/{each};" for each in KEEPS)
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, paths=paths))
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(EVENT_TIMEOUT_S)


def _wait_for(url: str) -> None:
    until = monotonic() + EVENT_TIMEOUT_S
    while True:
        try:
            with urlopen(url, timeout=EVENT_TIMEOUT_S):
                return
        except OSError:
            assert monotonic() < until, f"nobody answers at {url}"
