"""What a JSON schema costs an answer, and those beside it: `python -m bench.grammar`.

Steps of 1 row and of 8 rows, without a schema and with one of them held to one, in turns in one
process. --checkpoint FOLDER, --device: another network than the demo's. The last line is one JSON
document.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from time import monotonic

import click
import torch

from bench.figures import busy_cores, machine
from bench.floor import synchronise
from bench.ours import Ours
from moondream2.decoding import Decoding, start, step
from moondream2.grammar import Grammar, Grammars
from moondream2.network import Input
from moondream2.sampling import Sampling
from moondream2.skills import Feed, NextToken, Procedure
from settings import Settings

DEMO = Path(__file__).parent.parent / "demo" / "checkpoint"
QUESTION = "Name all that is on the desk, with its colour and where it is."
# An answer to it never ends.
SCHEMA = {
    "type": "array",
    "minItems": 10_000,
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "colour": {"enum": ["red", "green", "blue", "yellow", "black", "white"]},
            "count": {"type": "integer", "minimum": 0, "maximum": 99},
            "place": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            "is_full": {"type": "boolean"},
        },
        "required": ["name", "colour", "count", "place", "is_full"],
        "additionalProperties": False,
    },
}
FITTING = """[{"name": "a red mug", "colour": "red", "count": 2, "place": [0.25, 0.5], "is_full":\
 true}, {"name": "the lamp beside it", "colour": "white", "count": 11, "place": [0.125, 1.0],\
 "is_full": false}"""
BATCH_SIZES = (1, 8)
N_ROUNDS, N_WARM_UPS = 5, 3


@dataclass
class Row:
    """One size of a batch: milliseconds of a step without a schema and with one row held to one.

    kept_pace: in how many of the steps, of 1, the row with the schema got its token.
    """

    n_rows: int
    free_ms: float
    held_ms: float
    kept_pace: float

    def as_json(self) -> dict[str, float]:
        return {**vars(self), "ratio": self.held_ms / self.free_ms}


class Writing:
    """Steps of answers to one question without a picture, all of them without end."""

    def __init__(self, ours: Ours, n_rows: int) -> None:
        self._network, self._prompt = ours.network, ours.prompts.query(QUESTION, with_picture=False)
        self._cache = self._network.make_cache(n_rows)
        self._network.graphs = None
        self._network.capture_steps(self._cache)

    @torch.inference_mode()
    def step_ms(self, grammar: Grammar | None, n_steps: int) -> tuple[float, float]:
        """The median step's milliseconds, and how many tokens a step the first row got.

        grammar: what the first row is held to.
        """
        decodings = []
        for row in range(len(self._cache.lengths)):
            self._cache.lengths[row] = 0
            skill = _endless(self._prompt, grammar if row == 0 else None)
            decodings.append(start(self._network, skill, row, Sampling()))
        times = [self._timed_step(decodings) for _ in range(N_WARM_UPS + n_steps)]
        # The prompt names the first token, and each step one more.
        n_written = decodings[0].n_completion_tokens
        return median(times[N_WARM_UPS:]), n_written / (len(times) - 1)

    def _timed_step(self, decodings: list[Decoding]) -> float:
        began = monotonic()
        step(self._network, self._cache, decodings)
        synchronise(self._network.device)
        return (monotonic() - began) * 1000


def _endless(prompt: list[Input], grammar: Grammar | None) -> Procedure:
    """Write as `Skills.write` does, the end of the answer being a token like any other."""
    guide = grammar.begin() if grammar else None
    yield Feed(tuple(prompt))
    while True:
        token = yield NextToken(mask=guide.mask if guide else None)
        if guide:
            guide.push(token)
        yield Feed((token,))


def mask_ms(grammar: Grammar, ids: list[int]) -> float:
    """The median milliseconds of a mask by itself, from a token's choice until it is there.

    ids: what is chosen.
    """
    guide, times = grammar.begin(), []
    for id in ids:
        began = monotonic()
        guide.push(id)
        guide.mask.result()
        times.append((monotonic() - began) * 1000)
    return median(times)


def measure(ours: Ours, grammar: Grammar, n_rows: int, n_steps: int) -> Row:
    """Steps without and with a schema in turns, so that other work on the machine meets both."""
    writing = Writing(ours, n_rows)
    free, held, paces = [], [], []
    for _ in range(N_ROUNDS):
        free.append(writing.step_ms(None, n_steps)[0])
        held_ms, pace = writing.step_ms(grammar, n_steps)
        held.append(held_ms)
        paces.append(pace)
    return Row(n_rows, median(free), median(held), median(paces))


@click.command()
@click.option("--checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--device", default="auto", show_default=True)
@click.option("--steps", "n_steps", type=click.IntRange(1), default=100, show_default=True)
def main(checkpoint: Path | None, device: str, n_steps: int) -> None:
    """Print what a schema costs per token."""
    ours = Ours(checkpoint or DEMO, Settings(device=device))
    config = ours.network.config
    grammars = Grammars(
        ours.tokenizer, eos_id=config.tokenizer.eos_id, n_tokens=config.text.vocab_size
    )
    began = monotonic()
    grammar = grammars.compile(json.dumps(SCHEMA)).result()
    compile_ms = (monotonic() - began) * 1000
    costs = {"compile_ms": compile_ms, "mask_ms": mask_ms(grammar, ours.tokenizer.encode(FITTING))}
    rows = [measure(ours, grammar, n_rows, n_steps).as_json() for n_rows in BATCH_SIZES]
    print(f"{'a step, ms':>12}{'free':>10}{'one held':>10}{'ratio':>8}{'kept pace':>11}")
    for row in rows:
        print(
            f"{row['n_rows']:7.0f} rows{row['free_ms']:10.2f}{row['held_ms']:10.2f}"
            f"{row['ratio']:8.2f}{row['kept_pace']:11.0%}"
        )
    print(f"to compile it {compile_ms:.1f} ms, a mask by itself {costs['mask_ms']:.2f} ms")
    about = {**machine(), "device": ours.network.device.type, "busy_cores": busy_cores()}
    document = {"bench": "grammar", "date": date.today().isoformat(), "machine": about}
    print(json.dumps({**document, **costs, "rows": rows}))


if __name__ == "__main__":
    main()
