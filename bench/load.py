"""How a checkpoint gets into memory: `python -m bench.load [FOLDER]`.

For each dtype: the time to read the file once, the time to load it, their ratio, and the peak of
memory against the size of what is loaded. Reading is what no loader can do without: the file's
bytes in fresh memory of its own. Both find the file in the system's cache, take turns, run in a
process of their own each time, and the median of their rounds counts. Without FOLDER a checkpoint
of random weights in the published sizes is written first (1.9 billion parameters, 3.9 GB) and
removed afterwards. The last line is one JSON document.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

import click
import torch

from bench.make_checkpoint import DTYPES, write_checkpoint
from checkpoints.checkpoint import DEMO_FOLDER
from moondream2.config import Config
from moondream2.device import choose_device
from moondream2.weights import WEIGHTS_FILE, load_checkpoint

READ_CHUNK_BYTES = 16 * 2**20
BYTES_PER_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

Figures = dict[str, float | str]


def read(folder: Path) -> Figures:
    """Read the weights file into memory of its own; seconds."""
    path = folder / WEIGHTS_FILE
    began = monotonic()
    memory = torch.empty(path.stat().st_size, dtype=torch.uint8)
    _read_into(path, memory.numpy().data)
    return {"read_s": monotonic() - began}


def load(folder: Path, device_name: str, dtype_name: str) -> Figures:
    """Load one checkpoint in this process; sizes in bytes, time in seconds."""
    device, dtype = choose_device(device_name, dtype_name)
    # The first load of a process pays for imports that have nothing to do with the weights.
    load_checkpoint(DEMO_FOLDER, device=device, dtype=dtype)
    before = _peak_bytes()
    began = monotonic()
    network, _ = load_checkpoint(folder, device=device, dtype=dtype)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    load_s = monotonic() - began
    loaded = sum(each.nbytes for each in network.parameters())
    peak = _peak_bytes() - before
    return {
        "device": device.type,
        "dtype": str(dtype).removeprefix("torch."),
        "load_s": load_s,
        "loaded_bytes": loaded,
        "peak_bytes": peak,
        "peak_over_loaded": peak / loaded,
    }


def _read_into(path: Path, memory: memoryview) -> None:
    n_read = 0
    with path.open("rb", buffering=0) as file:
        while n := file.readinto(memory[n_read : n_read + READ_CHUNK_BYTES]):
            n_read += n


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RSS_UNIT


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--device", default="auto", show_default=True)
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(list(DTYPES)))
@click.option("--rounds", default=3, show_default=True, help="How often reading and loading turn.")
@click.option("--one", type=click.Choice(["read", "load"]), hidden=True)
def main(
    folder: Path | None, device: str, dtypes: tuple[str, ...], rounds: int, one: str | None
) -> None:
    """Measure reading against loading, and memory, for each dtype."""
    if one and folder is not None:
        print(json.dumps(read(folder) if one == "read" else load(folder, device, dtypes[0])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if folder is None:
            folder = Path(temporary)
            write_checkpoint(folder, Config(), torch.bfloat16)
        rows = [measure(folder, device, dtype, rounds) for dtype in dtypes or DTYPES]
    print(f"{'device':8}{'dtype':10}{'read s':>8}{'load s':>8}{'ratio':>7}{'GB':>7}{'peak/GB':>9}")
    for row in rows:
        print(
            f"{row['device']:8}{row['dtype']:10}{row['read_s']:8.2f}{row['load_s']:8.2f}"
            f"{row['load_over_read']:7.2f}{row['loaded_bytes'] / 1e9:7.2f}"
            f"{row['peak_over_loaded']:9.2f}"
        )
    print(json.dumps({"load": rows, "torch": torch.__version__}))


def measure(folder: Path, device: str, dtype: str, n_rounds: int) -> dict:
    """Read and load in turns; the medians, and the highest peak."""
    # Once to bring the file into the system's cache.
    _in_own_process(folder, device, dtype, "read")
    reads, loads = [], []
    for _ in range(n_rounds):
        reads.append(_in_own_process(folder, device, dtype, "read")["read_s"])
        loads.append(_in_own_process(folder, device, dtype, "load"))
    read_s, load_s = median(reads), median(each["load_s"] for each in loads)
    peak = max(each["peak_over_loaded"] for each in loads)
    return {
        **loads[0],
        "read_s": read_s,
        "load_s": load_s,
        "load_over_read": load_s / read_s,
        "peak_over_loaded": peak,
    }


def _in_own_process(folder: Path, device: str, dtype: str, one: str) -> dict:
    command = [sys.executable, "-m", "bench.load", str(folder), "--one", one]
    done = subprocess.run(
        [*command, "--device", device, "--dtype", dtype], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
