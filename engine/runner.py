"""Turns of the scheduler as network calls: the engine's only file that imports torch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from time import monotonic

import torch
from PIL import Image

from engine.prefix_cache import PrefixCache
from engine.sequence import Piece, Sequence
from moondream2 import skills
from moondream2.crops import Tiling
from moondream2.decoding import Decoding, run, start, step
from moondream2.device import is_out_of_memory
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

# How much of a frame is looked at between two steps of the running answers. One crop is 0.7 TFLOP
# at full size: seconds on a CPU, a millisecond or two on a GPU, which small batches do not fill.
CROPS_PER_PIECE = {"cuda": 4}
# How long the engine stands still for a picture that is not decoded yet, between two such steps.
READ_WAIT_S = 0.001


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
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._n_crops_per_piece = CROPS_PER_PIECE.get(network.device.type, 1)
        self.n_rows = n_rows

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Run every kind of work once, so that the first question does not pay for it."""
        self._network.capture_steps(self._cache)
        # A GPU chooses its kernels by the number of crops; on a CPU nine take 18 s, for nothing.
        size = (640, 480) if self._network.device.type == "cuda" else (64, 64)
        picture = Image.new("RGB", size)
        self._network.begin_with_picture(self._cache, 0, self._network.encode_picture(picture))
        skill = self._skills.write(self._prompts.query(""), max_tokens=2)
        for _ in run(self._network, self._cache, start(self._network, skill, 0, Sampling())):
            pass

    def prepare(self, sequence: Sequence) -> None:
        """Read a waiting sequence's picture on a thread of its own, unless it is known already."""
        frame = sequence.request.frame
        if frame is not None and sequence.reading is None and frame.digest not in self._prefixes:
            sequence.reading = self._reader.submit(self._read, frame)

    @torch.inference_mode()
    def begin(self, sequence: Sequence) -> Iterator[None]:
        """Look at the sequence's frame and read its prompt, piece by piece.

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
        sequence.usage = Usage(prompt_tokens=n_prefix + len(prompt))
        self._cache.lengths[row] = 0
        with self._memory_guard():
            if request.frame is not None:
                yield from self._look(sequence, request.frame, row)
            began = monotonic()
            skill = self._start(request, prompt, room)
            params = request.sampling
            sampling = Sampling(params.temperature, params.top_p, params.seed)
            decoding = start(self._network, skill, row, sampling)
            step(self._network, self._cache, [decoding])
            sequence.prefill_ms += _ms_since(began)
        sequence.decoding = decoding

    def step(self, sequences: list[Sequence]) -> None:
        """Take one step of the decoder with all of these that have begun."""
        with self._memory_guard():
            step(self._network, self._cache, [each.decoding for each in sequences])

    def take(self, sequence: Sequence) -> tuple[list[Piece], FinishReason | None]:
        """What a sequence completed since it was last asked, and why it ended, if so."""
        decoding: Decoding = sequence.decoding
        sequence.usage = Usage(sequence.usage.prompt_tokens, decoding.n_completion_tokens)
        id = sequence.request.id
        return [_piece(id, each) for each in decoding.take_findings()], decoding.finish_reason

    def _look(self, sequence: Sequence, frame: Frame, row: int) -> Iterator[None]:
        """Fill a row with a frame's prefix, looking at the frame only when nobody did before."""
        if (prefix := self._prefixes.find(frame.digest)) is not None:
            self._cache.restore(row, prefix)
            return
        began = monotonic()
        self.prepare(sequence)
        while not sequence.reading.done():
            wait([sequence.reading], READ_WAIT_S)
            yield
        crops, tiling = sequence.reading.result()
        sequence.reading = None
        sequence.decode_ms, began = _ms_since(began), monotonic()
        features = []
        for start_at in range(0, len(crops), self._n_crops_per_piece):
            piece = crops[start_at : start_at + self._n_crops_per_piece]
            features.append(self._network.encode_crops(piece))
            yield
        image_tokens = self._network.vision.merge(torch.cat(features), tiling)
        sequence.encode_ms, began = _ms_since(began), monotonic()
        self._network.begin_with_picture(self._cache, row, image_tokens)
        self._prefixes.keep(frame.digest, self._cache.save(row))
        sequence.prefill_ms = _ms_since(began)
        yield

    @torch.inference_mode()
    def _read(self, frame: Frame) -> tuple[torch.Tensor, Tiling]:
        """Decode and cut a frame, on the reader's thread."""
        return self._network.cut(frame.decode())

    @contextmanager
    def _memory_guard(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
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
            case Skill.LOOK:
                return self._skills.look()
            case _:
                return self._skills.write(prompt, max_tokens)


def _ms_since(began: float) -> float:
    return (monotonic() - began) * 1000


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
