"""One side of the comparison of two networks, in a process of its own.

`python -m bench.sides ours|reference CHECKPOINT …` loads one implementation, asks it what
`bench.network` wants to know, and prints one JSON line: seconds, and the token ids it chose.
"""

import json
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Protocol

import click
import numpy as np
import torch
from PIL import Image

from bench.floor import FRAME_SIZES, synchronise
from bench.heard import Heard
from moondream2.device import choose_device, leave_a_core
from settings import Settings

QUESTION = "What is on the table, and where?"
# A follow-up is short, so that other work on the machine would weigh heavily in a single one.
MIN_FOLLOW_UPS = 3
TILED_SIZE = (640, 480)
SINGLE_SIZE = (640, 360)


class Side(Protocol):
    """A loaded implementation. A token counts as known when its id is on the host."""

    def encode(self, picture: Image.Image) -> None:
        """Turn a picture into image tokens and wait for the device."""

    def ask(self, picture: Image.Image, question: str, n_tokens: int) -> Heard:
        """Ask greedily about a picture that was not seen before."""

    def ask_again(self, question: str, n_tokens: int) -> Heard:
        """Ask about the picture of the last `ask`, whose keys and values were kept."""


def make_picture(size: tuple[int, int]) -> Image.Image:
    """A picture of (width, height) pixels, the same at every call: a gradient under noise."""
    width, height = size
    slope = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    noise = np.random.default_rng(0).integers(0, 56, (height, width, 3))
    return Image.fromarray((slope + noise).astype(np.uint8))


def measure(side: Side, n_tokens: int, n_repeats: int, with_tiles: bool) -> dict:
    """Ask a side everything; times in seconds, each the median of `n_repeats`.

    Follow-ups are asked MIN_FOLLOW_UPS times at least. Short answers come before it all, so that no
    row pays for what happens once, or, where a network is compiled, for its first times.
    """
    picture = make_picture(SINGLE_SIZE)
    for _ in range(n_repeats):
        side.ask(picture, QUESTION, 3)
    sizes = [size for size in FRAME_SIZES if with_tiles or size != TILED_SIZE]
    encoded = {
        f"encode_{width}x{height}_s": median(
            _seconds_to_encode(side, make_picture((width, height))) for _ in range(n_repeats)
        )
        for width, height in sizes
    }
    answers = [side.ask(picture, QUESTION, n_tokens) for _ in range(n_repeats)]
    kept = [side.ask_again(QUESTION, n_tokens) for _ in range(max(n_repeats, MIN_FOLLOW_UPS))]
    return {
        **encoded,
        "first_word_s": median(each.first_word_s for each in answers),
        "kept_s": median(each.first_word_s for each in kept),
        "step_s": median(each.step_s for each in [*answers, *kept]),
        "ids": answers[0].ids,
        "kept_ids": kept[0].ids,
    }


def _seconds_to_encode(side: Side, picture: Image.Image) -> float:
    began = monotonic()
    side.encode(picture)
    return monotonic() - began


@click.command()
@click.argument("name", type=click.Choice(["ours", "reference"]))
@click.argument("checkpoint", type=click.Path(exists=True, path_type=Path))
@click.option("--reference", type=click.Path(exists=True, path_type=Path))
@click.option("--device", "device_name", default="auto")
@click.option("--dtype", "dtype_name", default="auto")
@click.option("--compile", "is_compiled", is_flag=True)
@click.option("--quantize", default="none")
@click.option("--tokens", "n_tokens", type=int, default=16)
@click.option("--repeats", "n_repeats", type=int, default=1)
@click.option("--tiles/--no-tiles", "with_tiles", default=True)
def main(
    name: str,
    checkpoint: Path,
    reference: Path | None,
    device_name: str,
    dtype_name: str,
    is_compiled: bool,
    quantize: str,
    n_tokens: int,
    n_repeats: int,
    with_tiles: bool,
) -> None:
    device, dtype = choose_device(device_name, dtype_name)
    began = monotonic()
    side: Side
    if name == "ours":
        from bench.ours import Ours

        ours = Ours(checkpoint, Settings(device=device.type, dtype=dtype_name, quantize=quantize))
        side, dtype = ours, ours.network.dtype
    else:
        # As many threads as ours takes.
        leave_a_core()
        from bench.reference import Reference

        assert reference is not None, "the reference's folder is known when it is asked for"
        side = Reference(reference, checkpoint, device, dtype, is_compiled=is_compiled)
    synchronise(device)
    load_s = monotonic() - began
    if name == "ours":
        ours.capture_steps()
    about = {"dtype": str(dtype).removeprefix("torch."), "threads": torch.get_num_threads()}
    figures = measure(side, n_tokens, n_repeats, with_tiles)
    print(json.dumps({**about, "load_s": load_s, **figures}))


if __name__ == "__main__":
    main()
