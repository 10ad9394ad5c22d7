"""Answers questions with a checkpoint, the way the product does, many at a time."""

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from demo.scenes import Box as TrueBox
from moondream2.cpu import pack
from moondream2.decoding import Decoding, start, step
from moondream2.network import Input
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import Procedure, Skills, Text
from moondream2.weights import load_checkpoint
from protocol.places import Box, Point

MAX_ROWS = 16
MAX_TOKENS = 80
MAX_OBJECTS = 10


class Reader:
    """Answers questions about one picture after the other with a checkpoint."""

    def __init__(self, folder: Path, *, is_quantised: bool = False) -> None:
        self._network, tokenizer = load_checkpoint(
            folder, device=torch.device("cpu"), dtype=torch.float32
        )
        if is_quantised:
            pack(self._network, is_quantised=True)
        control = self._network.config.tokenizer
        self.prompts = Prompts(control, tokenizer)
        self._skills = Skills(control, tokenizer, self.prompts)
        self._cache = self._network.make_cache(MAX_ROWS)

    @torch.inference_mode()
    def look_at(self, encoded: bytes) -> None:
        """Show it the bytes of a picture; what is asked next is about this one."""
        image_tokens = self._network.encode_picture(Image.open(io.BytesIO(encoded)))
        self._network.begin_with_picture(self._cache, 0, image_tokens)
        prefix = self._cache.save(0)
        for row in range(1, MAX_ROWS):
            self._cache.restore(row, prefix)
        self._prefix_length = prefix.length

    def forget_picture(self) -> None:
        """Make what is asked next a question without a picture."""
        self._prefix_length = 0

    def write(self, prompts: Sequence[list[Input]]) -> list[str]:
        """Answer prompts, at most MAX_ROWS, side by side."""
        skills = [self._skills.write(prompt, MAX_TOKENS) for prompt in prompts]
        return [
            "".join(found.text for found in decoding.findings if isinstance(found, Text))
            for decoding in self._run(skills)
        ]

    def detect(self, name: str) -> list[TrueBox]:
        """Return the boxes of what is called `name`."""
        (decoding,) = self._run([self._skills.detect(self.prompts.detect(name), MAX_OBJECTS)])
        boxes = (found for found in decoding.findings if isinstance(found, Box))
        return [(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes]

    def point(self, name: str) -> list[tuple[float, float]]:
        """Return a point on each thing called `name`."""
        (decoding,) = self._run([self._skills.point(self.prompts.point(name), MAX_OBJECTS)])
        return [(found.x, found.y) for found in decoding.findings if isinstance(found, Point)]

    def _run(self, skills: Sequence[Procedure]) -> list[Decoding]:
        for row in range(len(skills)):
            self._cache.lengths[row] = self._prefix_length
        decodings = [
            start(self._network, skill, row, Sampling()) for row, skill in enumerate(skills)
        ]
        while any(decoding.finish_reason is None for decoding in decodings):
            step(self._network, self._cache, decodings)
        return decodings
