"""Run procedures on rows of one cache, the same wish of several rows as one batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, wait
from functools import cache
from itertools import groupby, islice
from typing import Any

import torch
from torch import Tensor

from moondream2.device import to_device
from moondream2.grammar import Mask
from moondream2.kv_cache import KVCache
from moondream2.network import Network
from moondream2.sampling import Sampling, choose
from moondream2.skills import (
    Feed,
    Finding,
    FinishReason,
    Forget,
    NextCoordinate,
    NextLikelihoods,
    NextSize,
    NextToken,
    Procedure,
    Wish,
)

# How long a step stands still for a mask, which is mostly there long before the scores are. Whose
# mask takes longer misses a step, so that a schema that is hard to keep to delays nobody else.
MASK_WAIT_S = 0.002


class Decoding:
    """One procedure at work on one row.

    `findings` collects what it found since it was last emptied; `finish_reason` is set at its end.
    `hidden` is the residual stream (D) of the row's last position.
    """

    def __init__(
        self, procedure: Procedure, row: int, sampling: Sampling, device: torch.device
    ) -> None:
        self._procedure, self.row, self.sampling = procedure, row, sampling
        self.generator = sampling.generator(device)
        self.hidden: Tensor | None = None
        self.findings: list[Finding] = []
        self.finish_reason: FinishReason | None = None
        self.wish: Wish | None = None
        self.n_completion_tokens = 0

    def advance(self, result: Any) -> None:
        """Hand the procedure what it wished for and run it to its next wish."""
        try:
            step = self._procedure.send(result)
            while not isinstance(step, Wish):
                self.findings.append(step)
                step = self._procedure.send(None)
            self.wish = step
        except StopIteration as end:
            self.wish, self.finish_reason = None, end.value

    def take_findings(self) -> list[Finding]:
        found, self.findings = self.findings, []
        return found


def start(network: Network, procedure: Procedure, row: int, sampling: Sampling) -> Decoding:
    """Bring a procedure to its first wish."""
    decoding = Decoding(procedure, row, sampling, network.device)
    decoding.advance(None)
    return decoding


@torch.inference_mode()
def step(network: Network, cache: KVCache, decodings: Iterable[Decoding]) -> None:
    """Feed each decoding's row once and read from it until it wants to feed again or has ended.

    One whose mask is late stays as it is and reads at the next step, without being fed before.

    So what a pass of the decoder made known is told before the next pass. One step costs one pass
    for all rows that feed one token, and one pass more for each longer prompt. Wishes of one kind
    are read together, so that the host waits for the device once for all of them. When something
    raises, whoever was not served keeps the wish: a step may be repeated with fewer.
    """
    running = [each for each in decodings if each.finish_reason is None]
    feeding = [each for each in running if isinstance(each.wish, Feed)]
    for length, same in groupby(sorted(feeding, key=_n_inputs), key=_n_inputs):
        # Prompts differ in length and are prefilled one by one; single tokens go together.
        for batch in [list(same)] if length == 1 else ([each] for each in same):
            _feed(network, cache, batch)
    late: set[Decoding] = set()
    while reading := [
        each for each in running if not isinstance(each.wish, Feed | None) and each not in late
    ]:
        _forget(cache, reading)
        for kind, read in _READERS.items():
            if batch := [each for each in reading if isinstance(each.wish, kind)]:
                for decoding, result in zip(batch, read(network, batch), strict=True):
                    if result is None:
                        late.add(decoding)
                    else:
                        decoding.advance(result)


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


def _forget(cache: KVCache, decodings: list[Decoding]) -> None:
    for decoding in decodings:
        if isinstance(decoding.wish, Forget):
            cache.lengths[decoding.row] -= decoding.wish.n_positions
            decoding.advance(None)


def _hidden(batch: list[Decoding]) -> Tensor:
    """The last hidden states of several rows, (B, D)."""
    return torch.stack([each.hidden for each in batch if each.hidden is not None])


def _read_tokens(network: Network, batch: list[Decoding]) -> list[int | None]:
    """Choose a token for each; None where its mask is not there yet.

    Raises SchemaRejected where one cannot be computed, before anything is chosen.
    """
    logits = network.text.logits(_hidden(batch))
    wishes = [each.wish for each in batch if isinstance(each.wish, NextToken)]
    # While the host waits for masks, a GPU still computes the scores.
    late = _await_masks(wishes)
    _ban(logits, [each.banned for each in wishes])
    masks = {row: wish.mask for row, wish in enumerate(wishes) if row not in late}
    forbid(logits, {row: mask.result() for row, mask in masks.items() if mask is not None})
    tokens: list[int | None] = logits.argmax(dim=-1).tolist()
    for row, (decoding, wish) in enumerate(zip(batch, wishes, strict=True)):
        if row in late:
            tokens[row] = None
        elif not wish.is_greedy and decoding.generator is not None:
            tokens[row] = choose(logits[row], decoding.sampling, decoding.generator)
    return tokens


def _ban(logits: Tensor, banned: list[tuple[int, ...]]) -> None:
    """Take from logits (B, V) the ids that cannot win, of each row its own.

    Nearly always they are the same in all rows: then a GPU launches one operation instead of B.
    """
    if len(set(banned)) == 1:
        for id in banned[0]:
            logits[:, id] = -torch.inf
        return
    for row, ids in enumerate(banned):
        for id in ids:
            logits[row, id] = -torch.inf


def _await_masks(wishes: list[NextToken]) -> set[int]:
    """Wait a moment for masks that are late; returns the rows whose mask still is, never all."""
    late = {i: each.mask for i, each in enumerate(wishes) if each.mask and not each.mask.done()}
    if not late:
        return set()
    wait(late.values(), MASK_WAIT_S)
    if len(late) == len(wishes):
        wait(late.values(), return_when=FIRST_COMPLETED)
    return {row for row, mask in late.items() if not mask.done()}


def forbid(logits: Tensor, masks: Mapping[int, Mask]) -> None:
    """Leave of logits (B, V) only what the masks of some rows allow."""
    if not masks:
        return
    packed = torch.frombuffer(bytearray(b"".join(masks.values())), dtype=torch.uint8)
    bits = to_device(packed, logits.device)[:, None] & _bits(logits.device)
    forbidden = (bits == 0).view(len(masks), -1)[:, : logits.shape[1]]
    for row, each in zip(masks, forbidden, strict=True):
        logits[row].masked_fill_(each, -torch.inf)


@cache
def _bits(device: torch.device) -> Tensor:
    """The bits of a byte (8), the lowest first."""
    return to_device(torch.tensor([1 << bit for bit in range(8)], dtype=torch.uint8), device)


def _read_likelihoods(network: Network, batch: list[Decoding]) -> list[list[float]]:
    wishes = [each.wish.ids for each in batch if isinstance(each.wish, NextLikelihoods)]
    rows = [row for row, ids in enumerate(wishes) for _ in ids]
    logs = network.text.logits(_hidden(batch)).float().log_softmax(dim=-1)
    flat = iter(logs[rows, [id for ids in wishes for id in ids]].tolist())
    return [list(islice(flat, len(ids))) for ids in wishes]


def _read_coordinates(network: Network, batch: list[Decoding]) -> list[float]:
    bins = network.region.decode_coordinate(_hidden(batch)).argmax(dim=-1)
    return [network.region.coordinate_of_bin(index) for index in bins.tolist()]


def _read_sizes(network: Network, batch: list[Decoding]) -> list[tuple[float, float]]:
    bins = network.region.decode_size(_hidden(batch)).argmax(dim=-1)
    of_bin = network.region.size_of_bin
    return [(of_bin(width), of_bin(height)) for width, height in bins.tolist()]


_READERS: dict[type, Callable[[Network, list[Decoding]], list]] = {
    NextToken: _read_tokens,
    NextLikelihoods: _read_likelihoods,
    NextCoordinate: _read_coordinates,
    NextSize: _read_sizes,
}
