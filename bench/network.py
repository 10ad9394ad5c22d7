"""Our network beside a reference implementation: `python -m bench.network --reference FOLDER`.

FOLDER is a checkout of vikhyat/moondream at 44146f1. Both run on the same weights, random ones in
the published sizes unless --checkpoint names others; one after the other, each in a process of its
own, with as many threads as the app takes. Ours runs as it would here (--dtype auto), the
reference as it ships (bfloat16) and made float32. The last line is one JSON document.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
import torch

from bench.figures import busy_cores, machine
from bench.floor import Cost, Costs, Limits, measure_limits
from bench.make_checkpoint import DTYPES, write_checkpoint
from bench.sides import QUESTION, SINGLE_SIZE, TILED_SIZE
from bench.stamps import PROJECT
from moondream2.config import Config
from moondream2.device import choose_device, leave_a_core
from moondream2.tokenizer import Tokenizer
from moondream2.weights import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE

# On a processor the tiled picture alone takes a minute; on a GPU a median costs nothing.
N_REPEATS = {"cpu": 1, "mps": 3, "cuda": 5}
# What a weight takes when it is quantised.
WEIGHT_BYTES = {"int8": 1.0}
READ_CHUNK_BYTES = 16 * 2**20

# Each row, and the figures of ours and of the reference that it compares. The reference keeps an
# encoded picture only for those who ask for it; given the picture again, it looks again.
ROWS = {
    "load": ("load_s", "load_s"),
    "encode 640x360": ("encode_640x360_s", "encode_640x360_s"),
    "encode 640x480": ("encode_640x480_s", "encode_640x480_s"),
    "first word 640x360": ("first_word_s", "first_word_s"),
    "follow-up, picture given again": ("kept_s", "first_word_s"),
    "follow-up, encoded picture kept": ("kept_s", "kept_s"),
    "one more token": ("step_s", "step_s"),
}
Figures = dict[str, float]


def floors(costs: Costs, limits: Limits, n_prompt: int, n_tokens: int) -> Figures:
    """The floor of each row in seconds; loading has none here."""
    prefix = costs.config.prefix_length
    n_positions = prefix + n_prompt + n_tokens // 2
    rows: dict[str, tuple[Cost, ...]] = {
        "encode 640x360": costs.encode_frame(*SINGLE_SIZE),
        "encode 640x480": costs.encode_frame(*TILED_SIZE),
        "first word 640x360": costs.first_word(*SINGLE_SIZE, n_prompt),
        "follow-up, picture given again": (costs.prefill_prompt(n_prompt, prefix),),
        "follow-up, encoded picture kept": (costs.prefill_prompt(n_prompt, prefix),),
        "one more token": (costs.decode_step(n_positions),),
    }
    return {name: limits.floor_ms(*parts) / 1000 for name, parts in rows.items()}


def compare(ours: dict, references: dict[str, dict], floor_s: Figures) -> list[dict]:
    """One dictionary for each row that was measured; ratios above 1 say that ours is faster."""
    rows = []
    for name, (mine, theirs) in ROWS.items():
        if mine not in ours:
            continue
        row = {"row": name, "ours_s": ours[mine]}
        for dtype, figures in references.items():
            row[f"reference_{dtype}_s"] = figures[theirs]
            row[f"ratio_{dtype}"] = figures[theirs] / ours[mine]
        if name in floor_s:
            row |= {"floor_s": floor_s[name], "over_floor": ours[mine] / floor_s[name]}
        rows.append(row)
    return rows


def run_side(name: str, checkpoint: Path, *options: str) -> dict:
    """Run one side in a process of its own and return its figures."""
    command = [sys.executable, "-m", "bench.sides", name, str(checkpoint), *options]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"The bench broke off: {name} failed, and what it said is above.")
    # The next may take minutes.
    print(done.stdout.splitlines()[-1], file=sys.stderr, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(rows: list[dict], ours: dict, references: dict[str, dict], is_same: bool | None) -> None:
    """Print the table for people."""
    titles = [f"ours {ours['dtype']}"]
    for dtype in references:
        titles += [f"ref. {dtype}", "ratio"]
    print(f"{'ms':34}" + "".join(f"{title:>17}" for title in [*titles, "x floor"]))
    for row in rows:
        cells = [_ms(row["ours_s"])]
        for dtype in references:
            cells.append(_ms(row[f"reference_{dtype}_s"]))
            cells.append(f"{row[f'ratio_{dtype}']:.2f}")
        cells.append(f"{row['over_floor']:.2f}" if "over_floor" in row else "–")
        print(f"{row['row']:34}" + "".join(f"{cell:>17}" for cell in cells))
    sides = {"ours": ours, **{f"reference {name}": each for name, each in references.items()}}
    rates = ", ".join(f"{name} {1 / each['step_s']:.1f}" for name, each in sides.items())
    print(f"tokens / s: {rates}")
    if is_same is not None:
        print(f"ids equal in float32: {'yes' if is_same else 'no'}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


def same_ids(ours: dict, reference: dict | None) -> bool | None:
    """Whether both chose the same tokens; None where one did not run in float32.

    In bfloat16 near-ties fall either way, so that equal ids would say nothing there.
    """
    if reference is None or ours["dtype"] != "float32":
        return None
    return all(ours[key] == reference[key] for key in ("ids", "kept_ids"))


@click.command()
@click.option("--reference", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--device", "device_name", default="auto", show_default=True)
@click.option("--dtype", "dtype_name", default="auto", type=click.Choice(["auto", *DTYPES]))
@click.option("--reference-dtype", "dtypes", multiple=True, default=["bfloat16", "float32"])
@click.option("--compile", "is_compiled", is_flag=True, help="The reference compiled, too.")
@click.option(
    "--quantize",
    type=click.Choice(list(WEIGHT_BYTES)),
    help="How the weights of our text decoder are multiplied.",
)
@click.option("--tokens", "n_tokens", type=click.IntRange(2), default=16, show_default=True)
@click.option("--tiles/--no-tiles", default=True, help="Whether to encode 640x480, too.")
def main(
    reference: Path | None,
    checkpoint: Path | None,
    device_name: str,
    dtype_name: str,
    dtypes: tuple[str, ...],
    is_compiled: bool,
    quantize: str | None,
    n_tokens: int,
    tiles: bool,
) -> None:
    """Print ours beside the reference, and each row of ours as a multiple of its floor."""
    leave_a_core()
    device, _ = choose_device(device_name, dtype_name)
    about = {**machine(), "device": device.type, "busy_cores_before": busy_cores()}
    shared = ["--device", device.type, "--tokens", str(n_tokens)]
    shared += ["--repeats", str(N_REPEATS[device.type]), "--tiles" if tiles else "--no-tiles"]
    own = ["--dtype", dtype_name, *(["--quantize", quantize] if quantize else [])]
    with _checkpoint(checkpoint) as folder:
        _read_once(folder / WEIGHTS_FILE)
        ours = run_side("ours", folder, *shared, *own)
        dtype = getattr(torch, ours["dtype"])
        before = measure_limits(device, dtype)
        theirs = ["--reference", str(reference.resolve())] if reference else []
        variants = {name: ["--dtype", name] for name in dtypes}
        if is_compiled:
            variants["compiled"] = ["--dtype", "bfloat16", "--compile"]
        references = {
            name: run_side("reference", folder, *shared, *theirs, *options)
            for name, options in (variants.items() if reference else ())
        }
        costs, n_prompt = _costs(folder, dtype, quantize)
    # Twice, because other work may have held the device up the first time.
    limits = before.better(measure_limits(device, dtype))
    rows = compare(ours, references, floors(costs, limits, n_prompt, n_tokens))
    is_same = same_ids(ours, references.get("float32"))
    show(rows, ours, references, is_same)
    told = {"dtype": ours["dtype"], "quantize": quantize, "threads": ours["threads"]}
    document = {"bench": "network", "date": date.today().isoformat(), "machine": about, **told}
    document |= {"limits": asdict(limits), "ids_equal": is_same, "rows": rows}
    print(json.dumps(document))


@contextmanager
def _checkpoint(folder: Path | None) -> Iterator[Path]:
    """The checkpoint of that folder, or random weights that go away afterwards."""
    if folder is not None:
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory() as temporary:
        write_checkpoint(Path(temporary), Config(), torch.bfloat16)
        yield Path(temporary)


def _costs(checkpoint: Path, dtype: torch.dtype, quantize: str | None) -> tuple[Costs, int]:
    """What the network costs, and how many tokens the bench's question is."""
    config = Config.from_file(checkpoint / CONFIG_FILE)
    words = Tokenizer.from_file(checkpoint / TOKENIZER_FILE).encode(QUESTION)
    template = config.tokenizer.templates.query
    around = len(template.prefix) + 2 * len(template.suffix) if template else 0
    weight_bytes = WEIGHT_BYTES[quantize] if quantize else dtype.itemsize
    return Costs(config, dtype.itemsize, weight_bytes), len(words) + around


def _read_once(path: Path) -> None:
    """Bring a file into the system's cache, where every side then finds it."""
    with path.open("rb", buffering=0) as file:
        while file.read(READ_CHUNK_BYTES):
            pass


if __name__ == "__main__":
    main()
