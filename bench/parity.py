"""Compare the network with recorded reference numbers: `python -m bench.parity FOLDER`.

FOLDER holds config.json, tokenizer.json, weights.safetensors, pictures/, expected.json and
expected.safetensors; nothing here knows the sizes, the pictures or the runs of one such folder. It
is loaded through the public loading path, in float32 on the CPU. Tensors must agree within
TOLERANCE of the reference's largest value; crops, prompts, ids, chunks, bins and ends are equal.
Prints a line per stage; exit code 1 when one is beyond.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from moondream2.crops import make_crops, select_tiling
from moondream2.decoding import Decoding, run, start
from moondream2.kv_cache import Prefix
from moondream2.network import Coordinate, Input, Size
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling, distribution
from moondream2.skills import Finding, Procedure, Skills, Text, Thought
from moondream2.text import rotary_table, rotate_
from moondream2.tokenizer import TextStream
from moondream2.weights import load_checkpoint
from protocol.places import Box, Point

TOLERANCE = 1e-4
PLACE_TOLERANCE = 1e-6
WEIGHTS_FILE = "weights.safetensors"

# Gaze has no head of its own in these weights and is not offered.
NOT_OFFERED = "gaze"


@dataclass(frozen=True)
class Stage:
    """One comparison. error: relative, None where equality was asked for."""

    name: str
    passes: bool
    error: float | None = None


@dataclass
class Heard:
    """What the network computed during one run, in order."""

    fed: list[Tensor] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    coordinates: list[Tensor] = field(default_factory=list)
    sizes: list[Tensor] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    finish_reason: str | None = None

    @property
    def chunks(self) -> list[str]:
        return [each.text for each in self.findings if isinstance(each, Text)]


class Fixture:
    """A folder of recorded numbers and our network on the same weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
        self.tensors = load_file(folder / "expected.safetensors")
        self.network, self.tokenizer = load_checkpoint(
            folder,
            device=torch.device("cpu"),
            dtype=torch.float32,
            weights_file=WEIGHTS_FILE,
        )
        config = self.network.config.tokenizer
        self.prompts = Prompts(config, self.tokenizer)
        self.skills = Skills(config, self.tokenizer, self.prompts)
        self.cache = self.network.make_cache(1)

    def picture(self, name: str) -> Image.Image:
        return Image.open(self.folder / self.expected["pictures"][name]["file"])

    @cached_property
    def prefixes(self) -> dict[str, Prefix]:
        prefixes = {}
        for name in self.expected["pictures"]:
            self.network.begin_with_picture(
                self.cache, 0, self.network.encode_picture(self.picture(name))
            )
            prefixes[name] = self.cache.save(0)
        return prefixes

    def near(self, name: str, mine: Tensor | list[Tensor], key: str) -> Iterator[Stage]:
        """Compare with a recorded tensor, where this fixture has it."""
        if key not in self.tensors:
            return
        theirs = self.tensors[key].float()
        ours = torch.stack(mine) if isinstance(mine, list) and mine else mine
        if not isinstance(ours, Tensor) or ours.shape != theirs.shape:
            # An empty recording is matched by an empty run.
            yield Stage(name, theirs.numel() == 0 and not len(ours))
            return
        scale = theirs.abs().max().item() if theirs.numel() else 0.0
        error = (ours - theirs).abs().max().item() / (scale or 1.0) if theirs.numel() else 0.0
        yield Stage(name, error <= TOLERANCE, error)

    def listen(self, procedure: Procedure, picture: str | None) -> Heard:
        """Run a procedure after a picture's prefix, or after nothing, and keep what passes by."""
        self.cache.lengths[0] = 0
        if picture is not None:
            self.cache.restore(0, self.prefixes[picture])
        with self._recording() as heard:
            decoding: Decoding = start(self.network, procedure, 0, Sampling())
            heard.findings = list(run(self.network, self.cache, decoding))
            heard.finish_reason = decoding.finish_reason
        return heard

    @contextmanager
    def _recording(self) -> Iterator[Heard]:
        heard, network = Heard(), self.network
        places: list[tuple[Any, str, list[Tensor], Callable[[Tensor], Tensor]]] = [
            (network, "feed", heard.fed, lambda hidden: hidden[0]),
            # One row runs, so each is a batch of one. Copied: the logits are masked in place.
            (network.text, "logits", heard.logits, lambda batch: batch[0].clone()),
            (network.region, "decode_coordinate", heard.coordinates, itemgetter(0)),
            (network.region, "decode_size", heard.sizes, itemgetter(0)),
        ]
        for owner, name, kept, keep in places:
            setattr(owner, name, _overheard(getattr(owner, name), kept, keep))
        try:
            yield heard
        finally:
            for owner, name, _, _ in places:
                delattr(owner, name)


def _overheard(
    function: Callable[..., Tensor], kept: list[Tensor], keep: Callable[[Tensor], Tensor]
) -> Callable[..., Tensor]:
    def overheard(*args: Any) -> Tensor:
        result = function(*args)
        kept.append(keep(result))
        return result

    return overheard


def compare_tilings(fixture: Fixture) -> Iterator[Stage]:
    """Tilings of many picture sizes."""
    for name, case in fixture.expected["tilings"].items():
        wrong = [
            row
            for row in case["rows"]
            if list(
                select_tiling(
                    row["height"] - case["border"],
                    row["width"] - case["border"],
                    case["window"],
                    case["max_crops"],
                )
            )
            != row["tiling"]
        ]
        yield Stage(f"tilings {name}", not wrong)


def compare_vision(fixture: Fixture) -> Iterator[Stage]:
    """Every picture from crops to image tokens to the decoder's prefix."""
    network, vision = fixture.network, fixture.network.vision
    for name, picture in fixture.expected["pictures"].items():
        crops, tiling = make_crops(fixture.picture(name), network.config.vision)
        recorded = fixture.tensors[f"{name}/crops"]
        yield Stage(f"{name} tiling", list(tiling) == picture["tiling"])
        # Pillow releases may round a resized pixel differently.
        is_near = crops.shape == recorded.shape and bool(
            ((crops.int() - recorded.int()).abs() <= 1).all()
        )
        yield Stage(f"{name} crops", is_near)
        pixels = vision.normalise(crops)
        features = vision.encode_crops(pixels)
        canvas = vision.join_tiles(features[1:], tiling)
        image_tokens = network.encode_picture(fixture.picture(name))
        hidden = network.begin_with_picture(fixture.cache, 0, image_tokens)
        stages = {
            "pixels": pixels,
            "features": features,
            "canvas": canvas,
            "pooled": vision.pool(canvas),
            "projected": image_tokens,
            "prefix_hidden": hidden,
        }
        for stage, mine in stages.items():
            yield from fixture.near(f"{name} {stage}", mine, f"{name}/{stage}")
        prefix = fixture.cache.save(0)
        for layer in range(network.config.text.n_layers):
            keys, values = prefix.kv[layer].chunk(2)
            yield from fixture.near(f"{name} keys {layer}", keys, f"{name}/keys/{layer}")
            yield from fixture.near(f"{name} values {layer}", values, f"{name}/values/{layer}")


def compare_pieces(fixture: Fixture) -> Iterator[Stage]:
    """Rotary positions, coordinates, sizes, sampling and streaming, each alone."""
    tensors, region = fixture.tensors, fixture.network.region
    table = rotary_table(fixture.network.config.text)
    turned = rotate_(tensors["rope/x"].clone(), table[tensors["rope/positions"]][None])
    yield from fixture.near("rotary table", table, "rope/cos_sin")
    yield from fixture.near("rotary positions", turned, "rope/out")
    hidden = tensors["coordinate/hidden"]
    pieces = {
        "coordinate/encoded": region.encode_coordinate(tensors["coordinate/values"]),
        "coordinate/logits": region.decode_coordinate(hidden),
        "size/encoded": region.encode_size(tensors["size/values"]),
        "size/logits": region.decode_size(hidden),
    }
    for key, mine in pieces.items():
        yield from fixture.near(key.replace("/", " "), mine, key)
    sizes = {int(index): size for index, size in fixture.expected["size_of_bin"].items()}
    errors = [abs(region.size_of_bin(index) / size - 1) for index, size in sizes.items()]
    yield Stage("size of bin", max(errors) <= PLACE_TOLERANCE, max(errors))
    for case in fixture.expected["sampling"]:
        left = distribution(
            tensors["sampling/logits"], Sampling(case["temperature"], case["top_p"])
        )
        yield from fixture.near(case["key"].replace("/", " "), left, case["key"])
    for stream in fixture.expected["streams"]:
        words = TextStream(fixture.tokenizer)
        chunks = [*map(words.push, stream["ids"]), words.finish()]
        yield Stage(
            f"stream of {stream['name']!r}", [each for each in chunks if each] == stream["chunks"]
        )


def compare_text_runs(fixture: Fixture) -> Iterator[Stage]:
    """Questions, reasoning and captions: prompts, every choice's logits, ids, chunks."""
    for name, recorded in fixture.expected["text_runs"].items():
        prompt = text_prompt(fixture.prompts, recorded)
        yield Stage(f"{name} prompt", control_ids(fixture, prompt) == recorded["prompt_ids"])
        is_reasoning = "thought_ids" in recorded
        skill = fixture.skills.reason if is_reasoning else fixture.skills.write
        heard = fixture.listen(skill(prompt, recorded["max_tokens"]), recorded["picture"])
        yield from fixture.near(f"{name} prompt_hidden", heard.fed[0], f"{name}/prompt_hidden")
        choices = heard.logits
        if is_reasoning:
            # Every thought id was chosen once, and one more choice ended the thinking.
            n_thought = len(recorded["thought_ids"]) + 1
            thought_choices, choices = choices[:n_thought], choices[n_thought:]
            yield from _choices(
                fixture, f"{name} thought", thought_choices, f"{name}/thought/logits"
            )
            yield from _compare_thought(fixture, name, recorded, heard)
        yield from _choices(fixture, name, choices, f"{name}/logits")
        yield Stage(f"{name} ids", _ids(fixture, choices, recorded["ids"]) == recorded["ids"])
        yield Stage(f"{name} chunks", heard.chunks == recorded["chunks"])
        yield Stage(f"{name} end", heard.finish_reason == recorded["finish"])


def compare_region_runs(fixture: Fixture) -> Iterator[Stage]:
    """Boxes and points: every step's residual stream and logits, bins, places, ends."""
    for name, recorded in fixture.expected["region_runs"].items():
        if recorded["skill"] == NOT_OFFERED:
            continue
        prompt = getattr(fixture.prompts, recorded["skill"])(recorded["object"])
        yield Stage(f"{name} prompt", control_ids(fixture, prompt) == recorded["prompt_ids"])
        skill = getattr(fixture.skills, recorded["skill"])(prompt, recorded["max_objects"])
        heard = fixture.listen(skill, recorded["picture"])
        steps = [hidden[-1] for hidden in heard.fed[1:]]
        yield from fixture.near(f"{name} prompt_hidden", heard.fed[0], f"{name}/prompt_hidden")
        yield from fixture.near(f"{name} hidden", steps, f"{name}/hidden")
        yield from fixture.near(f"{name} prompt_logits", heard.logits[0], f"{name}/prompt_logits")
        yield from fixture.near(f"{name} next_logits", heard.logits[1:], f"{name}/next_logits")
        yield from fixture.near(
            f"{name} coordinate_logits", heard.coordinates, f"{name}/coordinate_logits"
        )
        yield from fixture.near(f"{name} size_logits", heard.sizes, f"{name}/size_logits")
        bins = [int(logits.argmax()) for logits in heard.coordinates]
        recorded_bins = [index for pair in recorded["coordinate_bins"] for index in pair]
        yield Stage(f"{name} coordinate bins", bins == recorded_bins)
        size_bins = [logits.argmax(dim=-1).tolist() for logits in heard.sizes]
        yield Stage(f"{name} size bins", size_bins == recorded.get("size_bins", []))
        yield Stage(f"{name} places", _are_places(heard.findings, recorded["found"]))
        yield Stage(f"{name} end", heard.finish_reason == recorded["finish"])


def compare_reuse(fixture: Fixture) -> Iterator[Stage]:
    """The same question on the same prefix, after everything else."""
    recorded = fixture.expected["text_runs"][fixture.expected["reuse"]["run"]]
    prompt = text_prompt(fixture.prompts, recorded)
    heard = fixture.listen(
        fixture.skills.write(prompt, recorded["max_tokens"]), recorded["picture"]
    )
    yield Stage("reused prefix", heard.chunks == recorded["chunks"])


GROUPS: tuple[Callable[[Fixture], Iterable[Stage]], ...] = (
    compare_tilings,
    compare_vision,
    compare_pieces,
    compare_text_runs,
    compare_region_runs,
    compare_reuse,
)


def text_prompt(prompts: Prompts, recorded: dict[str, Any]) -> list[Input]:
    """The prompt of a recorded question or caption, in our words."""
    if recorded["skill"] == "caption":
        return prompts.caption(recorded["length"])
    return prompts.query(
        recorded["question"],
        with_picture=recorded["picture"] is not None,
        reasoning="thought_ids" in recorded,
        spatial_refs=recorded.get("spatial_refs") or (),
    )


def control_ids(fixture: Fixture, prompt: list[Input]) -> list[int]:
    """A prompt as the reference counts it: places stand as their control ids."""
    config = fixture.network.config.tokenizer
    names = {Coordinate: config.coord_id, Size: config.size_id}
    return [item if isinstance(item, int) else names[type(item)] for item in prompt]


def _choices(fixture: Fixture, name: str, logits: list[Tensor], key: str) -> Iterator[Stage]:
    # At the length limit we look one token ahead to see whether the answer ended by itself.
    n_recorded = len(fixture.tensors[key]) if key in fixture.tensors else 0
    yield from fixture.near(f"{name} logits", logits[:n_recorded], key)


def _ids(fixture: Fixture, logits: list[Tensor], recorded: list[int]) -> list[int]:
    """Greedy choices; after the first one the answer id cannot be chosen."""
    banned = fixture.network.config.tokenizer.answer_id
    ids = []
    for place, row in enumerate(logits[: len(recorded)]):
        ids.append(int(row.argmax()))
        if place and ids[-1] == banned:
            ids[-1] = int(row.topk(2).indices[1])
    return ids


def _compare_thought(
    fixture: Fixture, name: str, recorded: dict[str, Any], heard: Heard
) -> Iterator[Stage]:
    thought = next(each for each in heard.findings if isinstance(each, Thought))
    yield Stage(f"{name} thought", thought.text == recorded["thought_text"])
    bins = [int(logits.argmax()) for logits in heard.coordinates]
    yield Stage(f"{name} coordinate bins", bins == recorded["coordinate_bins"])
    mine = [(g.start_idx, g.end_idx, g.points) for g in thought.grounding]
    theirs = [(g["start_idx"], g["end_idx"], g["points"]) for g in recorded["grounding"]]
    is_same = len(mine) == len(theirs) and all(
        (a[0], a[1], len(a[2])) == (b[0], b[1], len(b[2]))
        and np.allclose(a[2], b[2], rtol=0, atol=PLACE_TOLERANCE)
        for a, b in zip(mine, theirs, strict=True)
    )
    yield Stage(f"{name} grounding", is_same)


def _are_places(findings: list[Finding], recorded: list[dict[str, float]]) -> bool:
    mine = [vars(each) for each in findings if isinstance(each, Box | Point)]
    return len(mine) == len(recorded) and all(
        ours.keys() == theirs.keys()
        and all(abs(ours[side] - theirs[side]) <= PLACE_TOLERANCE for side in theirs)
        for ours, theirs in zip(mine, recorded, strict=True)
    )


@torch.inference_mode()
def compare(folder: Path) -> list[Stage]:
    """All comparisons of one folder."""
    fixture = Fixture(folder)
    return [stage for group in GROUPS for stage in group(fixture)]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Compare the network with the reference numbers in FOLDER."""
    stages = compare(folder)
    for stage in stages:
        shown = "equal" if stage.error is None else f"{stage.error:.1e}"
        print(f"{'ok  ' if stage.passes else 'FAIL'} {shown:>8}  {stage.name}")
    failed = [stage for stage in stages if not stage.passes]
    largest = max(stage.error or 0.0 for stage in stages)
    print(f"{len(stages) - len(failed)} of {len(stages)} stages agree; largest error {largest:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
