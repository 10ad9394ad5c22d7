"""How a checkpoint gets into memory: `python -m bench.load [FOLDER]`.

For each dtype, in a process of its own: the time to read the file once, the time to load it, their
ratio, and the peak of memory against the size of what is loaded. Without FOLDER a checkpoint of
random weights in the published sizes is written first (1.9 billion parameters, 3.9 GB) and removed
afterwards. The last line is one JSON document.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

import click
import torch

from bench.make_checkpoint import DTYPES, write_checkpoint
from moondream2.config import Config
from moondream2.device import choose_device
from moondream2.weights import WEIGHTS_FILE, load_checkpoint

READ_CHUNK_BYTES = 16 * 2**20
BYTES_PER_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def measure(folder: Path, device_name: str, dtype_name: str) -> dict[str, float | str]:
    """Read, then load one checkpoint in this process; sizes in bytes, times in seconds."""
    weights = folder / WEIGHTS_FILE
    device, dtype = choose_device(device_name, dtype_name)
    # Read before and in between: both sides find the file in the system's cache.
    read_s = min(_read_s(weights), _read_s(weights))
    before = _peak_bytes()
    began = monotonic()
    network, _ = load_checkpoint(folder, device=device, dtype=dtype)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    load_s = monotonic() - began
    loaded = sum(each.nbytes for each in network.parameters())
    return {
        "device": device.type,
        "dtype": str(dtype).removeprefix("torch."),
        "read_s": read_s,
        "load_s": load_s,
        "load_over_read": load_s / read_s,
        "loaded_bytes": loaded,
        "peak_bytes": _peak_bytes() - before,
        "peak_over_loaded": (_peak_bytes() - before) / loaded,
    }


def _read_s(path: Path) -> float:
    began = monotonic()
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(READ_CHUNK_BYTES)
        while file.readinto(buffer):
            pass
    return monotonic() - began


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RSS_UNIT


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--device", default="auto", show_default=True)
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(list(DTYPES)))
@click.option("--one", is_flag=True, hidden=True)
def main(folder: Path | None, device: str, dtypes: tuple[str, ...], one: bool) -> None:
    """Measure reading against loading, and memory, for each dtype."""
    if one and folder is not None:
        print(json.dumps(measure(folder, device, dtypes[0])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if folder is None:
            folder = Path(temporary)
            write_checkpoint(folder, Config(), torch.bfloat16)
        rows = [_in_own_process(folder, device, dtype) for dtype in dtypes or DTYPES]
    print(f"{'device':8}{'dtype':10}{'read s':>8}{'load s':>8}{'ratio':>7}{'GB':>7}{'peak/GB':>9}")
    for row in rows:
        print(
            f"{row['device']:8}{row['dtype']:10}{row['read_s']:8.2f}{row['load_s']:8.2f}"
            f"{row['load_over_read']:7.2f}{row['loaded_bytes'] / 1e9:7.2f}"
            f"{row['peak_over_loaded']:9.2f}"
        )
    print(json.dumps({"load": rows, "torch": torch.__version__}))


def _in_own_process(folder: Path, device: str, dtype: str) -> dict:
    command = [sys.executable, "-m", "bench.load", str(folder), "--one"]
    done = subprocess.run(
        [*command, "--device", device, "--dtype", dtype], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
