"""Where the milliseconds of one answer go: `python -m bench.answer [--model demo]`.

The way of a question from its data URL to its last word, in one process without a web tier: what
each stage takes, and its share. The answers are those of the app's network, one after the other,
each about a frame of its own. The last line is one JSON document.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from time import monotonic

import click
import torch

from bench.clients import View, draw_views
from bench.figures import machine
from bench.floor import synchronise
from bench.ours import Ours
from checkpoints.checkpoint import parse_model
from moondream2.decoding import start, step
from moondream2.sampling import Sampling
from moondream2.skills import Skills
from protocol.frame import FrameLimits, check_frame
from settings import Settings

N_WARM_UPS = 5
MAX_TOKENS = 64


@dataclass
class Stages:
    """Milliseconds of every run of each stage, in the order in which they came."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str, device: torch.device) -> Iterator[None]:
        began = monotonic()
        yield
        synchronise(device)
        self.ms.setdefault(name, []).append((monotonic() - began) * 1000)

    def rows(self, n_answers: int) -> list[dict]:
        """One dictionary for each stage; shares are of the sum of all stages."""
        total = sum(map(sum, self.ms.values()))
        return [
            {
                "stage": name,
                "times_per_answer": len(times) / n_answers,
                "median_ms": median(times),
                "best_ms": min(times),
                "share": sum(times) / total,
            }
            for name, times in self.ms.items()
        ]


class Answering:
    """Answers questions stage by stage, as the runner does, on one row."""

    def __init__(self, ours: Ours) -> None:
        self._network, self._prompts = ours.network, ours.prompts
        self._skills = Skills(self._network.config.tokenizer, ours.tokenizer, self._prompts)
        self._cache = self._network.make_cache(n_rows=1)
        self.stages = Stages()

    @torch.inference_mode()
    def answer(self, view: View) -> None:
        network, cache = self._network, self._cache
        data_url = b64encode(view.jpeg)
        with self._stage("base64, header, digest"):
            frame = check_frame(b64decode(data_url), FrameLimits(2**24, 2**24))
            _ = frame.digest
        with self._stage("JPEG"):
            picture = frame.open()
        with self._stage("crops"):
            crops, tiling = network.cut(picture)
        with self._stage("vision"):
            features = network.encode_crops(crops)
        with self._stage("projection"):
            image_tokens = network.vision.merge(features, tiling)
        with self._stage("image prefix through the decoder"):
            network.begin_with_picture(cache, 0, image_tokens)
        with self._stage("prefix kept for follow-ups"):
            cache.save(0)
        self._write(view.questions[0])

    def _write(self, question: str) -> None:
        skill = self._skills.write(self._prompts.query(question), MAX_TOKENS)
        decoding = start(self._network, skill, 0, Sampling())
        with self._stage("prompt through the decoder, first token"):
            step(self._network, self._cache, [decoding])
        while decoding.finish_reason is None:
            with self._stage("one more token"):
                step(self._network, self._cache, [decoding])

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return self.stages.time(name, self._network.device)


@click.command()
@click.option("--model", default="demo", show_default=True, help="demo, or a checkpoint's folder")
@click.option("--answers", "n_answers", default=40, show_default=True)
def main(model: str, n_answers: int) -> None:
    """Print what each stage of an answer takes."""
    settings = Settings(model=model)
    folder = parse_model(model, settings.revision).find(lambda progress: None).folder
    answering = Answering(Ours(folder, settings))
    for turn, view in enumerate(draw_views(N_WARM_UPS + n_answers)):
        if turn == N_WARM_UPS:
            answering.stages = Stages()
        answering.answer(view)
    rows = answering.stages.rows(n_answers)
    print(f"{'':42}{'times':>7}{'median ms':>12}{'best ms':>10}{'share':>8}")
    for row in rows:
        print(
            f"{row['stage']:42}{row['times_per_answer']:7.1f}{row['median_ms']:12.2f}"
            f"{row['best_ms']:10.2f}{row['share']:8.0%}"
        )
    whole_ms = sum(sum(times) for times in answering.stages.ms.values()) / n_answers
    print(f"{'whole answer, mean':42}{'':7}{whole_ms:12.2f}")
    document = {"bench": "answer", "date": date.today().isoformat(), "machine": machine()}
    print(json.dumps({**document, "whole_ms": whole_ms, "rows": rows}))


if __name__ == "__main__":
    main()
