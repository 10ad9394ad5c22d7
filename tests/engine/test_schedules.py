"""Whoever shares the batch, whenever they come and go: each answer is what it would be alone."""

import json
from dataclasses import replace
from itertools import count

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st

from engine.runner import Runner
from engine.sequence import Sequence
from engine.turns import BEGIN_S, Turns
from moondream2.weights import load_checkpoint
from protocol.answer import AnswerEvent, Finished, FinishReason
from protocol.frame import FrameLimits, check_frame
from protocol.pieces import Chosen, Found, Piece, Reasoned, TextDelta
from protocol.request import Request, SamplingParams, Skill
from tests.checkpoint_folders import PARITY, copy_reference
from tests.fakes import make_request

# A network this small gains nothing from a second core, and loses much on a busy machine.
torch.set_num_threads(1)

N_ROWS = 4
PICTURES = ("kiosk", "tower", "stamp")
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 3}},
        "required": ["n", "s"],
    }
)
ASKED = (
    {"question": "What is on the desk?"},
    {"question": "How many cups are there, and which of them is red?"},
    {"question": "Why?", "is_reasoning": True},
    {"question": "And here?", "spatial_refs": ((0.5, 0.5), (0.1, 0.2, 0.3, 0.4))},
    {"skill": Skill.CAPTION, "length": "short"},
    {"skill": Skill.DETECT, "object": "cup"},
    {"skill": Skill.POINT, "object": "lamp"},
    {"question": "Drawn?", "temperature": 0.7},
    {"skill": Skill.LOOK},
    {"question": "Is there a lamp?", "choices": ("yes", "no")},
    {"question": "As JSON?", "json_schema": SCHEMA},
    {"question": "As any JSON?", "json_schema": "{}", "temperature": 1.5},
    {"question": "Why, as JSON?", "json_schema": SCHEMA, "is_reasoning": True},
    {"question": "Until?", "stop": ("e", "th", " a")},
    {"question": "What is it?", "choices": ("red", "red car", "a red cup", "a lamp", "É 🙂")},
)
N_REQUESTS = len(ASKED) * len(PICTURES)

Answer = tuple[list[Piece], FinishReason]


def make(number: int, is_live: bool = False) -> Request:
    asked = dict(ASKED[number % len(ASKED)])
    temperature, stop = asked.pop("temperature", 0.0), asked.pop("stop", ())
    name = PICTURES[number // len(ASKED)]
    data = (PARITY / "pictures" / f"{name}.png").read_bytes()
    sampling = SamplingParams(
        # Of JSON, enough that it may be whole.
        max_tokens=2 + number % (20 if "json_schema" in asked else 4),
        max_objects=2,
        temperature=temperature,
        seed=number,
        stop=stop,
    )
    return make_request(
        str(number),
        f"client {number % 5}",
        frame=check_frame(data, FrameLimits(2**23, 2**24)),
        sampling=sampling,
        is_live=is_live,
        **asked,
    )


class Played:
    """The engine's own turns, driven by a test; `answers` holds what came and why it ended.

    Stands before the runner to see how many share a step: `most` is the largest batch.
    tick_s: how far the clock goes at each look: whether a step waits for those who begin.
    """

    def __init__(self, runner: Runner, tick_s: float = 1.0) -> None:
        clock = count(step=tick_s)
        self._runner = runner
        self.prepare, self.begin, self.take = runner.prepare, runner.begin, runner.take
        self._turns = Turns(lambda request, end: None, lambda position: None, lambda: next(clock))
        self._turns.add_rows(N_ROWS)
        self.answers: dict[str, Answer] = {}
        self.most = 0

    def arrive(self, request: Request) -> None:
        pieces: list[Piece] = []

        def hear(event: AnswerEvent) -> None:
            if isinstance(event, TextDelta | Reasoned | Found):
                pieces.append(event)
            elif isinstance(event, Finished):
                self.answers[event.id] = pieces, event.reason

        self._turns.enter(request, hear)

    def cancel(self, request: Request) -> None:
        self._turns.cancel(request.client, request.id)

    def turn(self) -> None:
        self._turns.take(self)

    def step(self, sequences: list[Sequence]) -> None:
        self.most = max(self.most, len(sequences))
        self._runner.step(sequences)

    def finish(self) -> None:
        while not self._turns.is_idle:
            self.turn()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    folder = copy_reference(tmp_path_factory.mktemp("tiny"))
    loaded = load_checkpoint(folder, device=torch.device("cpu"), dtype=torch.float32)
    return Runner(*loaded, n_rows=N_ROWS, max_prefix_bytes=2**30)


@pytest.fixture(scope="module")
def alone(runner: Runner) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for number in range(N_REQUESTS):
        alone = Played(runner)
        alone.arrive(make(number))
        alone.finish()
        answers |= alone.answers
    return answers


def told(pieces: list[Piece]) -> list[Piece]:
    """The same with probabilities as exact as rows side by side are."""
    return [
        replace(each, probabilities=pytest.approx(each.probabilities, abs=1e-4))
        if isinstance(each, Chosen)
        else each
        for each in pieces
    ]


schedules = st.lists(
    st.tuples(
        st.integers(0, N_REQUESTS - 1),  # which request arrives
        st.integers(0, 3),  # after how many turns
        st.sampled_from([None, None, 0, 1, 5]),  # and is cancelled after how many more, if ever
        st.booleans(),  # and is one of a loop's
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each[0],
)


@settings(max_examples=200, deadline=None)
@given(schedule=schedules, tick_s=st.sampled_from([0.0, BEGIN_S / 3, 1.0]))
def test_every_answer_is_the_same_in_any_schedule(runner: Runner, alone, schedule, tick_s):
    played, cancelled_at, now = Played(runner, tick_s), {}, 0
    for number, n_turns, cancelled_after, is_live in schedule:
        for _ in range(n_turns):
            played.turn()
            now += 1
            for each in [each for each, at in cancelled_at.items() if at == now]:
                played.cancel(make(each))
        played.arrive(make(number, is_live))
        if cancelled_after is not None:
            cancelled_at[number] = now + cancelled_after
    played.finish()
    event(f"{played.most} at most in one batch")
    assert played.answers.keys() == {str(number) for number, *_ in schedule}
    for number, _, cancelled_after, is_live in schedule:
        pieces, reason = played.answers[str(number)]
        whole, end = alone[str(number)]
        if reason is FinishReason.CANCELLED:
            assert cancelled_after is not None
            assert pieces == told(whole[: len(pieces)])
        elif reason is FinishReason.REPLACED:
            assert is_live or make(number).skill is Skill.LOOK
            assert pieces == []
        else:
            assert (pieces, reason) == (told(whole), end)
