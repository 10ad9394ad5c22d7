"""Run skills on rows of one cache, the same wish of several rows as one batch."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from moondream2.kv_cache import KVCache
from moondream2.network import Network
from moondream2.sampling import Sampling, choose
from moondream2.skills import (
    Feed,
    Finding,
    FinishReason,
    NextCoordinate,
    NextSize,
    NextToken,
    Skill,
    Wish,
)


class Decoding:
    """One skill at work on one row.

    `findings` collects what it found since it was last emptied; `finish_reason` is set at its end.
    """

    def __init__(self, skill: Skill, row: int, sampling: Sampling, device: torch.device) -> None:
        self._skill, self.row, self.sampling = skill, row, sampling
        self.generator = sampling.generator(device)
        self.hidden: Tensor | None = None
        self.findings: list[Finding] = []
        self.finish_reason: FinishReason | None = None
        self.wish: Wish | None = None
        self.n_completion_tokens = 0

    def advance(self, result: Any) -> None:
        """Hand the skill what it wished for and run it to its next wish."""
        try:
            step = self._skill.send(result)
            while not isinstance(step, Wish):
                self.findings.append(step)
                step = self._skill.send(None)
            self.wish = step
        except StopIteration as end:
            self.wish, self.finish_reason = None, end.value

    def take_findings(self) -> list[Finding]:
        found, self.findings = self.findings, []
        return found


def start(network: Network, skill: Skill, row: int, sampling: Sampling) -> Decoding:
    """Bring a skill to its first wish."""
    decoding = Decoding(skill, row, sampling, network.device)
    decoding.advance(None)
    return decoding


@torch.inference_mode()
def step(network: Network, cache: KVCache, decodings: Iterable[Decoding]) -> None:
    """Fulfil wishes until every decoding has fed its row once more or has ended.

    What is read from a row is read before the next feed, so one step costs one pass of the decoder
    for all rows that feed one token, and one pass more for each longer prompt.
    """
    running = [decoding for decoding in decodings if decoding.finish_reason is None]
    while reading := [each for each in running if not isinstance(each.wish, Feed)]:
        for decoding in reading:
            decoding.advance(_read(network, decoding))
        running = [each for each in running if each.finish_reason is None]
    for length, same in groupby(sorted(running, key=_n_inputs), key=_n_inputs):
        # Prompts differ in length and are prefilled one by one; single tokens go together.
        for batch in [list(same)] if length == 1 else ([each] for each in same):
            _feed(network, cache, batch)


def run(network: Network, cache: KVCache, decoding: Decoding) -> Iterator[Finding]:
    """Run one decoding to its end and yield what it finds."""
    while decoding.finish_reason is None:
        step(network, cache, [decoding])
        yield from decoding.take_findings()


def _n_inputs(decoding: Decoding) -> int:
    assert isinstance(decoding.wish, Feed)
    return len(decoding.wish.inputs)


def _feed(network: Network, cache: KVCache, batch: list[Decoding]) -> None:
    inputs = [decoding.wish.inputs for decoding in batch if isinstance(decoding.wish, Feed)]
    hidden = network.feed(cache, [decoding.row for decoding in batch], inputs)
    for decoding, row_hidden in zip(batch, hidden, strict=True):
        decoding.hidden = row_hidden[-1]
        if len(inputs[0]) == 1:
            decoding.n_completion_tokens += 1
        decoding.advance(None)


def _read(network: Network, decoding: Decoding) -> Any:
    hidden, region = decoding.hidden, network.region
    assert hidden is not None, "a skill feeds its prompt before it reads"
    match decoding.wish:
        case NextToken(banned, is_greedy):
            logits = network.text.logits(hidden)
            logits[list(banned)] = -torch.inf
            sampling = Sampling() if is_greedy else decoding.sampling
            return choose(logits, sampling, decoding.generator)
        case NextCoordinate():
            return region.coordinate_of_bin(int(region.decode_coordinate(hidden).argmax()))
        case NextSize():
            width, height = region.decode_size(hidden).argmax(dim=-1).tolist()
            return region.size_of_bin(width), region.size_of_bin(height)
