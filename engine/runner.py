"""Turns of the scheduler as network calls: the engine's only file that imports torch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from time import monotonic
from typing import assert_never

import torch

from engine.plans import Plans, unusable
from engine.prefix_cache import PrefixCache
from engine.sequence import Sequence, State
from moondream2 import skills
from moondream2.config import VisionConfig
from moondream2.crops import Crops, blank_picture
from moondream2.decoding import Decoding, run, start, step
from moondream2.device import is_out_of_memory
from moondream2.grammar import Grammars, SchemaRejected
from moondream2.network import Input, Network
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import Skills
from moondream2.tokenizer import Tokenizer
from protocol.answer import FinishReason, Usage
from protocol.errors import BadRequest, OutOfMemory, StartRefused
from protocol.frame import Frame
from protocol.pieces import Chosen, Found, Piece, Reasoned, TextDelta
from protocol.places import Box, Point

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
        config = network.config
        prompts = Prompts(config.tokenizer, tokenizer)
        self._skills = Skills(config.tokenizer, tokenizer, prompts)
        grammars = Grammars(
            tokenizer, eos_id=config.tokenizer.eos_id, n_tokens=config.text.vocab_size
        )
        self._plans = Plans(prompts, self._skills, grammars)
        self._cache = network.make_cache(n_rows)
        self._prefixes = PrefixCache(max_prefix_bytes)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._n_crops_per_piece = CROPS_PER_PIECE.get(network.device.type, 1)
        self.n_rows = n_rows

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Run every kind of work once, so that the first question does not pay for it.

        Raises StartRefused where the device cannot do one of them.
        """
        try:
            self._warm_up()
        except RuntimeError as error:
            device = self._network.device.type
            if device == "cpu" or is_out_of_memory(error):
                raise
            raise StartRefused(
                f"This computer's {device} cannot compute this model:"
                f" {str(error).strip().splitlines()[0].rstrip('.')}. Start with --device cpu."
            ) from error

    def _warm_up(self) -> None:
        self._network.capture_steps(self._cache)
        size = warm_up_size(self._network.config.vision, self._network.device.type)
        picture = self._network.encode_picture(blank_picture(size))
        self._network.begin_with_picture(self._cache, 0, picture)
        prompt: list[Input] = [self._network.config.tokenizer.bos_id] * 2
        procedure = self._skills.write(prompt, max_tokens=2)
        for _ in run(self._network, self._cache, start(self._network, procedure, 0, Sampling())):
            pass

    def prepare(self, sequence: Sequence) -> None:
        """Open a waiting sequence's picture, unless it is known already, and compile its schema, on
        threads of their own.
        """
        self._plans.prepare(sequence.request)
        frame = sequence.request.frame
        if frame is not None and sequence.crops is None and frame.digest not in self._prefixes:
            sequence.crops = self._reader.submit(self._read, frame)

    @torch.inference_mode()
    def begin(self, sequence: Sequence) -> Iterator[None]:
        """Look at the sequence's frame and read its prompt, piece by piece.

        Raises BadImage for a damaged picture, BadRequest for a prompt that has no room or a schema
        that cannot be used, Unsupported for what this checkpoint cannot do.
        """
        request, row = sequence.request, sequence.row
        assert row is not None, "the scheduler gives a row before a sequence begins"
        plan = self._plans.plan(request)
        # Room for the prompt and for what must follow is settled before any work is done.
        n_prefix = self._network.config.prefix_length if request.frame else 0
        room = self._cache.max_context - n_prefix - len(plan.prompt)
        if room < plan.n_following:
            with_choices = " with its longest choice" if plan.n_following > 1 else ""
            raise BadRequest(
                f"The question{with_choices} is too long for this model. Ask it in fewer words."
            )
        sequence.usage = Usage(prompt_tokens=n_prefix + len(plan.prompt))
        self._cache.lengths[row] = 0
        with self._guard():
            if request.frame is not None:
                for piece in self._look(sequence, request.frame, row):
                    # Nothing is looked at any longer for a schema that turns out to be of no use.
                    plan.is_ready()
                    yield piece
            sequence.state = State.READING
            while not plan.is_ready(READ_WAIT_S):
                yield
            sequence.state = State.BEGINNING
            began = monotonic()
            params = request.sampling
            sampling = Sampling(params.temperature, params.top_p, params.seed)
            decoding = start(self._network, plan.begin(room), row, sampling)
            step(self._network, self._cache, [decoding])
            sequence.prefill_ms += _ms_since(began)
        sequence.decoding, sequence.state = decoding, State.DECODING

    def step(self, sequences: list[Sequence]) -> None:
        """Take one step of the decoder with all of these that have begun."""
        with self._guard():
            step(self._network, self._cache, [_decoding(each) for each in sequences])

    def take(self, sequence: Sequence) -> tuple[list[Piece], FinishReason | None]:
        """What a sequence completed since it was last asked, and why it ended, if so."""
        decoding, id = _decoding(sequence), sequence.request.id
        sequence.usage = Usage(sequence.usage.prompt_tokens, decoding.n_completion_tokens)
        reason = decoding.finish_reason
        pieces = [_piece(id, each) for each in decoding.take_findings()]
        return pieces, None if reason is None else FinishReason(reason)

    def _look(self, sequence: Sequence, frame: Frame, row: int) -> Iterator[None]:
        """Fill a row with a frame's prefix, looking at the frame only when nobody did before."""
        if (prefix := self._prefixes.find(frame.digest)) is not None:
            self._cache.restore(row, prefix)
            return
        began = monotonic()
        self.prepare(sequence)
        assert sequence.crops is not None, "what is not known is opened"
        sequence.state = State.READING
        while not sequence.crops.done():
            wait([sequence.crops], READ_WAIT_S)
            yield
        crops, tiling = sequence.crops.result()
        sequence.crops, sequence.state = None, State.BEGINNING
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
    def _read(self, frame: Frame) -> Crops:
        """Open a frame and cut it into crops (N, S, S, 3), on the reader's thread."""
        return self._network.cut(frame.open())

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Say in words for the person what a request may ask too much of."""
        try:
            yield
        except SchemaRejected as error:
            raise unusable(error) from error
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


def warm_up_size(config: VisionConfig, device: str) -> tuple[int, int]:
    """Pixels (width, height) of the picture to warm up with: a camera's own, in tiles.

    A GPU chooses its kernels by the number of crops, and one that cannot do tiles must fail at the
    start. On a CPU nine crops take 18 s, for nothing.
    """
    side = config.crop_size + 1
    return (64, 64) if device == "cpu" else (max(640, side), max(480, side))


def _decoding(sequence: Sequence) -> Decoding:
    assert sequence.decoding is not None, "what has begun decodes"
    return sequence.decoding


def _ms_since(began: float) -> float:
    return (monotonic() - began) * 1000


def _piece(id: str, finding: skills.Finding) -> Piece:
    match finding:
        case skills.Chosen(text, probabilities):
            return Chosen(id, text, probabilities)
        case skills.Text(text):
            return TextDelta(id, text)
        case Box() | Point():
            return Found(id, finding)
        case skills.Thought(text, grounding):
            return Reasoned(id, text, grounding)
        case _:
            assert_never(finding)
