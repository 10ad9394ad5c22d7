"""Turns of the scheduler as network calls: the engine's only file that imports torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import torch
from PIL import Image

from engine.prefix_cache import PrefixCache
from engine.sequence import Piece, Sequence
from moondream2 import skills
from moondream2.decoding import Decoding, run, start, step
from moondream2.network import Input, Network
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import FinishReason, Skills
from moondream2.tokenizer import Tokenizer
from protocol.answer import Box, Found, Grounding, Point, Reasoned, TextDelta, Usage
from protocol.errors import BadRequest, OutOfMemory
from protocol.frame import Frame
from protocol.request import Request, Skill

# What one more object takes of the context, as `moondream2/skills.py` feeds it.
POSITIONS_PER_BOX = 3
POSITIONS_PER_POINT = 2


class Runner:
    """A resident network and its KV cache of `n_rows` rows; lives on the engine thread.

    max_prefix_bytes bounds what is kept of frames that were looked at.
    """

    def __init__(
        self, network: Network, tokenizer: Tokenizer, *, n_rows: int, max_prefix_bytes: int
    ) -> None:
        self._network = network
        self._prompts = Prompts(network.config.tokenizer, tokenizer)
        self._skills = Skills(network.config.tokenizer, tokenizer, self._prompts)
        self._cache = network.make_cache(n_rows)
        self._prefixes = PrefixCache(max_prefix_bytes)
        self.n_rows = n_rows

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Run every kind of work once, so that the first question does not pay for it."""
        picture = Image.new("RGB", (640, 480))
        self._network.begin_with_picture(self._cache, 0, self._network.encode_picture(picture))
        skill = self._skills.write(self._prompts.query(""), max_tokens=2)
        for _ in run(self._network, self._cache, start(self._network, skill, 0, Sampling())):
            pass

    @torch.inference_mode()
    def begin(self, sequence: Sequence) -> None:
        """Look at the sequence's frame and bring its skill to the first wish.

        Raises BadImage for a damaged picture and BadRequest for a prompt that has no room.
        """
        request, row = sequence.request, sequence.row
        assert row is not None, "the scheduler gives a row before a sequence begins"
        prompt = self._prompt(request)
        # Room for the whole prompt and at least one token is settled before any work is done.
        n_prefix = self._network.config.prefix_length if request.frame else 0
        room = self._cache.max_context - n_prefix - len(prompt)
        if room < 1:
            raise BadRequest("The question is too long for this model. Ask it in fewer words.")
        began = monotonic()
        self._cache.lengths[row] = 0
        if request.frame is not None:
            with self._memory_guard():
                self._look(request.frame, row)
        sequence.encode_ms = (monotonic() - began) * 1000
        sequence.usage = Usage(prompt_tokens=n_prefix + len(prompt))
        if request.skill is Skill.LOOK:
            return
        skill = self._start(request, prompt, room)
        params = request.sampling
        sampling = Sampling(params.temperature, params.top_p, params.seed)
        sequence.decoding = start(self._network, skill, row, sampling)

    def step(self, sequence: Sequence) -> tuple[list[Piece], FinishReason | None]:
        """Take one step of the decoder; returns what it completed and why it ended, if so."""
        if sequence.request.skill is Skill.LOOK:
            # There is nothing to write: the frame's prefix is kept, and that was all.
            return [], "stop"
        decoding: Decoding = sequence.decoding
        with self._memory_guard():
            step(self._network, self._cache, [decoding])
        sequence.usage = Usage(sequence.usage.prompt_tokens, decoding.n_completion_tokens)
        id = sequence.request.id
        return [_piece(id, each) for each in decoding.take_findings()], decoding.finish_reason

    def _look(self, frame: Frame, row: int) -> None:
        """Fill a row with a frame's prefix, looking at the frame only when nobody did before."""
        if (prefix := self._prefixes.find(frame.digest)) is not None:
            self._cache.restore(row, prefix)
            return
        image_tokens = self._network.encode_picture(frame.decode())
        self._network.begin_with_picture(self._cache, row, image_tokens)
        self._prefixes.keep(frame.digest, self._cache.save(row))

    @contextmanager
    def _memory_guard(self) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError as error:
            # What earlier frames hold is the only memory that can be given back.
            self._prefixes.clear()
            if self._network.device.type == "cuda":
                torch.cuda.empty_cache()
            raise OutOfMemory(
                "The device ran out of memory over this answer. Close other programs that use it,"
                " or start with a smaller --max-running."
            ) from error

    def _prompt(self, request: Request) -> list[Input]:
        match request.skill:
            case Skill.QUERY:
                return self._prompts.query(
                    request.question,
                    with_picture=request.frame is not None,
                    reasoning=request.is_reasoning,
                    spatial_refs=request.spatial_refs,
                )
            case Skill.CAPTION:
                return self._prompts.caption(request.length)
            case Skill.DETECT:
                return self._prompts.detect(request.object)
            case Skill.POINT:
                return self._prompts.point(request.object)
            case Skill.LOOK:
                return []

    def _start(self, request: Request, prompt: list[Input], room: int) -> skills.Skill:
        max_tokens = min(request.sampling.max_tokens, room)
        match request.skill:
            case Skill.DETECT:
                n_fit = room // POSITIONS_PER_BOX
                return self._skills.detect(prompt, min(request.sampling.max_objects, n_fit))
            case Skill.POINT:
                n_fit = room // POSITIONS_PER_POINT
                return self._skills.point(prompt, min(request.sampling.max_objects, n_fit))
            case Skill.QUERY if request.is_reasoning:
                # Thinking and answering have a budget each and share the room.
                return self._skills.reason(prompt, min(max_tokens, (room - 1) // 2))
            case _:
                return self._skills.write(prompt, max_tokens)


def _piece(id: str, finding: skills.Finding) -> Piece:
    match finding:
        case skills.Text(text):
            return TextDelta(id, text)
        case skills.Box():
            return Found(id, Box(**vars(finding)))
        case skills.Point():
            return Found(id, Point(**vars(finding)))
        case skills.Thought(text, grounding):
            return Reasoned(id, text, tuple(Grounding(**vars(each)) for each in grounding))
