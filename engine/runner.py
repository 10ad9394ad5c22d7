"""Turns of the scheduler as network calls: the engine's only file that imports torch."""

from time import monotonic

import torch
from PIL import Image

from engine.sequence import Sequence
from moondream2.decoding import Decoding, run, start, step
from moondream2.network import Network
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import FinishReason, Skills, Text
from moondream2.tokenizer import Tokenizer
from protocol.answer import Usage
from protocol.errors import BadRequest
from protocol.request import Request, Skill


class Runner:
    """A resident network and its KV cache of `n_rows` rows; lives on the engine thread."""

    def __init__(self, network: Network, tokenizer: Tokenizer, n_rows: int) -> None:
        self._network = network
        self._prompts = Prompts(network.config.tokenizer, tokenizer)
        self._skills = Skills(network.config.tokenizer, tokenizer, self._prompts)
        self._cache = network.make_cache(n_rows)
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
            image_tokens = self._network.encode_picture(request.frame.decode())
            self._network.begin_with_picture(self._cache, row, image_tokens)
        sequence.encode_ms = (monotonic() - began) * 1000
        sequence.usage = Usage(prompt_tokens=n_prefix + len(prompt))
        skill = self._skills.write(prompt, min(request.sampling.max_tokens, room))
        params = request.sampling
        sampling = Sampling(params.temperature, params.top_p, params.seed)
        sequence.decoding = start(self._network, skill, row, sampling)

    def step(self, sequence: Sequence) -> tuple[str, FinishReason | None]:
        """Take one step of the decoder; returns the text it completed and why it ended, if so."""
        decoding: Decoding = sequence.decoding
        step(self._network, self._cache, [decoding])
        text = "".join(each.text for each in decoding.take_findings() if isinstance(each, Text))
        sequence.usage = Usage(sequence.usage.prompt_tokens, decoding.n_completion_tokens)
        return text, decoding.finish_reason

    def _prompt(self, request: Request) -> list:
        if request.skill is Skill.CAPTION:
            return self._prompts.caption(request.length)
        return self._prompts.query(request.question, with_picture=request.frame is not None)
