"""Redis as Debian packages it, on this computer alone."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def redis_server(port: int) -> Iterator[None]:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "Ready to accept connections" in line:
            break
    try:
        yield
    finally:
        process.kill()
        process.communicate()
