"""Steps of answers as CUDA graphs: everything that one token takes, launched by the host at once.

A step reads every weight once and computes next to nothing, in some 350 small operations. On a GPU
each is done sooner than the host has launched the next. A graph launches all of them together, but
repeats them exactly: on the same tensors, in the same shapes. So there is one for each power of two
of rows and each `KEYS_PER_BUCKET` of keys, and a step takes the smallest that holds it.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from typing import NamedTuple

import torch
from torch import Tensor

from moondream2.kv_cache import KVCache, Span
from moondream2.text import TextDecoder, visibility

log = logging.getLogger(__name__)

# So many keys more than needed take at most 2% of what a step of one row reads.
KEYS_PER_BUCKET = 256
# Libraries choose, load and measure their kernels in the first runs, which no capture may see.
N_WARM_UPS = 2
# The mean difference from the step as it is computed without a graph, over the mean number. On an
# H200 it was up to 0.008 in bfloat16, and 0.015 where another kernel did the attention; whoever
# reads or writes somewhere else is off by far more.
MAX_DIFFERENCE = 0.02

Work = Callable[[], None]
# Runs work on fixed tensors and returns what repeats it on what these tensors hold then.
Capture = Callable[[Work], Work]


class GraphDiffers(RuntimeError):
    """A graph does not compute what the same step computes without it."""


class Bucket(NamedTuple):
    """What one graph serves: the rows from 0 on, each reading so many keys."""

    n_rows: int
    n_keys: int


def step_rows(
    text: TextDecoder, cache: KVCache, first: int, x: Tensor, positions: Tensor, n_keys: int
) -> Tensor:
    """One position more for B neighbouring rows from `first` on; returns (B, 1, D).

    x: (B, 1, D). positions: (B, 1), 0..max_context, of which the last is behind a full row. Waits
    for nothing and takes nothing from the host but shapes, so that it can be captured.
    """
    # A full row takes no part: it is only written, and any angle will do.
    angles_at = positions.clamp(max=cache.max_context - 1)
    mask = visibility(positions, n_keys)
    return text(x, angles_at, mask, cache, Span(first, positions, n_keys))


class StepGraphs:
    """One graph for each bucket of a cache. One thread at a time.

    All read and write the same three tensors: x (rows, 1, D), positions (rows, 1) and hidden
    (rows, 1, D). `differences` says how far each graph was from the step without it.
    """

    def __init__(
        self,
        text: TextDecoder,
        cache: KVCache,
        capture: Capture,
        keys_per_bucket: int = KEYS_PER_BUCKET,
    ) -> None:
        """Capture and verify every graph; the cache must be empty.

        Raises GraphDiffers, and whatever torch raises where it cannot capture.
        """
        assert not any(cache.lengths), "what was captured is tried out on the cache"
        self.cache, self._text = cache, text
        n_rows, weights = len(cache.lengths), text.wte
        self._x = weights.new_zeros(n_rows, 1, weights.shape[-1])
        self._positions = torch.zeros(n_rows, 1, dtype=torch.long, device=weights.device)
        self._hidden = torch.zeros_like(self._x)
        self._n_rows = [*takewhile(lambda n: n < n_rows, (2**i for i in range(n_rows))), n_rows]
        self._n_keys = [*range(keys_per_bucket, cache.max_context, keys_per_bucket)]
        self._n_keys.append(cache.max_context)
        self._replays: dict[Bucket, Work] = {}
        self.differences: dict[Bucket, float] = {}
        # In an empty cache it would not show where keys and values are read.
        cache.kv.normal_()
        # The largest first: what it takes of the memory that all share is enough for the others.
        for bucket in (Bucket(n, k) for n in self._n_rows[::-1] for k in self._n_keys[::-1]):
            # Both by the same kernels: a graph is compared with itself, not with another rounding.
            with planned_attention():
                self._replays[bucket] = capture(partial(self._run, bucket))
                self._verify(bucket)

    def bucket(self, n_rows: int, n_keys: int) -> Bucket:
        """The smallest bucket that holds so many rows and keys."""
        return Bucket(
            self._n_rows[bisect_left(self._n_rows, n_rows)],
            self._n_keys[bisect_left(self._n_keys, n_keys)],
        )

    def replay(self, bucket: Bucket, x: Tensor, positions: Tensor) -> Tensor:
        """Compute `step_rows` of the bucket's rows for x (B, 1, D) at positions (B, 1).

        Returns (B, 1, D), which the next replay overwrites.
        """
        self._x[: bucket.n_rows].copy_(x)
        self._positions[: bucket.n_rows].copy_(positions)
        self._replays[bucket]()
        return self._hidden[: bucket.n_rows]

    def _run(self, bucket: Bucket) -> None:
        x, positions = self._x[: bucket.n_rows], self._positions[: bucket.n_rows]
        hidden = step_rows(self._text, self.cache, 0, x, positions, bucket.n_keys)
        self._hidden[: bucket.n_rows].copy_(hidden)

    def _verify(self, bucket: Bucket) -> None:
        """Compare one replay, on other inputs than it was captured with, to the step itself."""
        ids = torch.randint(self._text.config.vocab_size, self._positions.shape)
        self._x.copy_(self._text.embed(ids.to(self._x.device)))
        self._positions.random_(bucket.n_keys)
        self._hidden.fill_(torch.nan)
        # The replay first: what it left out, the step itself would have put there.
        self._replays[bucket]()
        replayed = self._outcome(bucket)
        self._run(bucket)
        difference = max(map(_difference, replayed, self._outcome(bucket)))
        # This way round, because nothing is below a NaN.
        if not difference <= MAX_DIFFERENCE:
            raise GraphDiffers(f"{bucket} is off by {difference:.3f}")
        self.differences[bucket] = difference

    def _outcome(self, bucket: Bucket) -> tuple[Tensor, Tensor]:
        """What a step leaves: residual streams (B, 1, D), and what it wrote into the cache.

        The latter as (B, layers, 2 * kv heads, K).
        """
        positions = self._positions[: bucket.n_rows, 0]
        rows = torch.arange(bucket.n_rows, device=positions.device)
        return self._hidden[: bucket.n_rows].clone(), self.cache.kv[:, rows, :, positions]


def _difference(numbers: Tensor, expected: Tensor) -> float:
    """The mean error of numbers (…) over the mean of what is expected (…)."""
    expected = expected.float()
    return ((numbers.float() - expected).abs().mean() / expected.abs().mean()).item()


def plan_no_attention() -> None:
    """From now on compute attention on a GPU without cuDNN, except where graphs are made.

    cuDNN makes a plan for every number of keys that it has not met, 50 ms on an H200: each step
    without a graph, and each question of a new length, would wait for one.
    """
    torch.backends.cuda.enable_cudnn_sdp(False)


@contextmanager
def planned_attention() -> Iterator[None]:
    """Where shapes stay: there a plan is made once, and its kernel is the fastest."""
    was_enabled = torch.backends.cuda.cudnn_sdp_enabled()
    torch.backends.cuda.enable_cudnn_sdp(True)
    try:
        yield
    finally:
        torch.backends.cuda.enable_cudnn_sdp(was_enabled)


class CudaCapture:
    """Captures work as CUDA graphs, which share one stream and one pool of memory."""

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        graph = torch.cuda.CUDAGraph()
        self._stream.wait_stream(torch.cuda.current_stream())
        # Around everything: when a capture fails, torch does not leave its stream by itself.
        with torch.cuda.stream(self._stream):
            for _ in range(N_WARM_UPS):
                work()
            # Only this thread is watched: what others do with the GPU meanwhile is their affair.
            with torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                work()
        torch.cuda.current_stream().wait_stream(self._stream)
        return graph.replay


@torch.inference_mode()
def capture_steps(
    text: TextDecoder, cache: KVCache, make_capture: Callable[[], Capture] = CudaCapture
) -> StepGraphs | None:
    """Capture the steps of an empty cache; None, and one warning, where that does not work."""
    try:
        return StepGraphs(text, cache, make_capture())
    # torch raises it for whatever a device or a driver refuses.
    except RuntimeError as error:
        # A step without a graph is slower and nothing else.
        log.warning("Answers are slower than they could be: no CUDA graphs, because %s", error)
        return None
