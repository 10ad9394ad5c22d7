"""Our network by itself, without engine or web, as the benches of the network ask it."""

from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from backends.loading import read_network
from bench.floor import synchronise
from bench.heard import Heard
from checkpoints.checkpoint import Checkpoint
from moondream2.decoding import Decoding, run, start, step
from moondream2.device import choose_device, leave_a_core
from moondream2.graphs import StepGraphs
from moondream2.kv_cache import KVCache, Prefix
from moondream2.network import Input
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import Feed, NextToken, Procedure
from settings import Settings


class Ours:
    """A loaded checkpoint and one row of keys and values. Follows `Side`.

    It is read as the app reads it: on a CPU in the arithmetic that is fastest there.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        leave_a_core()
        device, dtype = choose_device(settings.device, settings.dtype)
        found = Checkpoint(folder.name, folder)
        self.network, self.tokenizer = read_network(settings, found, device, dtype)
        self.prompts = Prompts(self.network.config.tokenizer, self.tokenizer)
        self._cache = self.network.make_cache(n_rows=1)
        self._prefix: Prefix | None = None

    def capture_steps(self) -> None:
        """From now on, step as the app does: on a GPU by CUDA graphs."""
        self.network.capture_steps(self._cache)

    @torch.inference_mode()
    def encode(self, picture: Image.Image) -> None:
        self.network.encode_picture(picture)
        synchronise(self.network.device)

    @torch.inference_mode()
    def ask(self, picture: Image.Image, question: str, n_tokens: int) -> Heard:
        heard = Heard()
        self._look(picture)
        self._answer(question, n_tokens, heard)
        return heard

    @torch.inference_mode()
    def ask_again(self, question: str, n_tokens: int) -> Heard:
        heard = Heard()
        self._answer(question, n_tokens, heard)
        return heard

    @torch.inference_mode()
    def stepping(
        self,
        picture: Image.Image,
        question: str,
        n_rows: int,
        n_steps: int,
        capture: Callable[[KVCache], StepGraphs] | None = None,
    ) -> Callable[[int], None]:
        """Begin `n_rows` answers of `n_steps` about one picture; returns what takes steps of them.

        capture: makes the graphs that they step by; without it there are none.
        """
        self._look(picture)
        assert self._prefix is not None, "a frame that was looked at leaves its prefix"
        # What the last one held is given back first.
        self.network.graphs = None
        cache = self.network.make_cache(n_rows)
        if capture is not None:
            self.network.graphs = capture(cache)
        decodings = []
        for row in range(n_rows):
            cache.restore(row, self._prefix)
            skill = _greedy(self.prompts.query(question), n_steps + 2, Heard())
            decodings.append(start(self.network, skill, row, Sampling()))
        # The prompts, and one step that may find something to prepare.
        self._step(cache, decodings, 2)
        return lambda count: self._step(cache, decodings, count)

    def n_prompt_tokens(self, question: str) -> int:
        return len(self.prompts.query(question))

    def _step(self, cache: KVCache, decodings: list[Decoding], count: int) -> None:
        for _ in range(count):
            step(self.network, cache, decodings)
        synchronise(self.network.device)

    def _look(self, picture: Image.Image) -> None:
        self.network.begin_with_picture(self._cache, 0, self.network.encode_picture(picture))
        self._prefix = self._cache.save(0)

    def _answer(self, question: str, n_tokens: int, heard: Heard) -> None:
        assert self._prefix is not None, "a question is kept for a frame that was looked at"
        self._cache.restore(0, self._prefix)
        skill = _greedy(self.prompts.query(question), n_tokens, heard)
        for _ in run(self.network, self._cache, start(self.network, skill, 0, Sampling())):
            pass


def _greedy(prompt: list[Input], n_tokens: int, heard: Heard) -> Procedure:
    """Write `n_tokens` tokens, the end of the answer being a token like any other."""
    yield Feed(tuple(prompt))
    while True:
        token = yield NextToken(is_greedy=True)
        heard.hear(token)
        if len(heard.ids) == n_tokens:
            return "length"
        yield Feed((token,))
