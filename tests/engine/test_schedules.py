"""Whoever shares the batch, whenever they come and go: each answer is what it would be alone."""

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st

from engine.runner import Runner
from engine.scheduler import Scheduler
from engine.sequence import Sequence
from moondream2.weights import load_checkpoint
from protocol.frame import FrameLimits, check_frame
from protocol.request import Request, SamplingParams, Skill
from tests.checkpoints import PARITY, copy_reference
from tests.fakes import make_request

# A network this small gains nothing from a second core, and loses much on a busy machine.
torch.set_num_threads(1)

N_ROWS = 4
PICTURES = ("kiosk", "tower", "stamp")
ASKED = (
    {"question": "What is on the desk?"},
    {"question": "How many cups are there, and which of them is red?"},
    {"question": "Why?", "is_reasoning": True},
    {"question": "And here?", "spatial_refs": ((0.5, 0.5), (0.1, 0.2, 0.3, 0.4))},
    {"skill": Skill.CAPTION, "length": "short"},
    {"skill": Skill.DETECT, "object": "cup"},
    {"skill": Skill.POINT, "object": "lamp"},
    {"question": "Drawn?", "temperature": 0.7},
)
N_REQUESTS = len(ASKED) * len(PICTURES)

Answer = tuple[list, str | None]


def make(number: int) -> Request:
    asked = dict(ASKED[number % len(ASKED)])
    temperature = asked.pop("temperature", 0.0)
    name = PICTURES[number // len(ASKED)]
    data = (PARITY / "pictures" / f"{name}.png").read_bytes()
    sampling = SamplingParams(
        max_tokens=2 + number % 4, max_objects=2, temperature=temperature, seed=number
    )
    return make_request(
        str(number),
        f"client {number % 5}",
        frame=check_frame(data, FrameLimits(2**23, 2**24)),
        sampling=sampling,
        **asked,
    )


class Turns:
    """The engine's turns without its thread, so that a schedule can be repeated."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self._scheduler = runner, Scheduler(N_ROWS)
        self.answers: dict[str, Answer] = {}
        self.most = 0

    def arrive(self, request: Request) -> None:
        self._scheduler.add(Sequence(request, lambda event: None))

    def cancel(self, request: Request) -> None:
        for sequence in self._scheduler.cancel(request.client, request.id):
            self.answers.pop(sequence.request.id, None)

    def turn(self) -> None:
        if admitted := self._scheduler.admit():
            admitted.beginning = self._runner.begin(admitted)
        if beginning := self._scheduler.beginning():
            next(beginning.beginning, None)
        if ready := [each for each in self._scheduler.running if each.decoding is not None]:
            self.most = max(self.most, len(ready))
            self._runner.step(ready)
        for sequence in ready:
            self._take(sequence)

    def finish(self) -> None:
        while not self._scheduler.is_idle:
            self.turn()

    def _take(self, sequence: Sequence) -> None:
        pieces, reason = self._runner.take(sequence)
        found, _ = self.answers.get(sequence.request.id, ([], None))
        self.answers[sequence.request.id] = ([*found, *pieces], reason)
        if reason is not None:
            self._scheduler.remove(sequence)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    folder = copy_reference(tmp_path_factory.mktemp("tiny"))
    loaded = load_checkpoint(folder, device=torch.device("cpu"), dtype=torch.float32)
    return Runner(*loaded, n_rows=N_ROWS, max_prefix_bytes=2**30)


@pytest.fixture(scope="module")
def alone(runner: Runner) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for number in range(N_REQUESTS):
        turns = Turns(runner)
        turns.arrive(make(number))
        turns.finish()
        answers |= turns.answers
    return answers


schedules = st.lists(
    st.tuples(
        st.integers(0, N_REQUESTS - 1),  # which request arrives
        st.integers(0, 3),  # after how many turns
        st.sampled_from([None, None, 0, 1, 5]),  # and is cancelled after how many more, if ever
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each[0],
)


@settings(max_examples=200, deadline=None)
@given(schedule=schedules)
def test_every_answer_is_the_same_in_any_schedule(runner: Runner, alone, schedule):
    turns, cancelled_at, now = Turns(runner), {}, 0
    for number, n_turns, cancelled_after in schedule:
        for _ in range(n_turns):
            turns.turn()
            now += 1
            for each in [each for each, at in cancelled_at.items() if at == now]:
                turns.cancel(make(each))
        turns.arrive(make(number))
        if cancelled_after is not None:
            cancelled_at[number] = now + cancelled_after
    turns.finish()
    event(f"{turns.most} at most in one batch")
    for number, _, cancelled_after in schedule:
        answer = turns.answers.get(str(number))
        assert answer == alone[str(number)] or (cancelled_after is not None and answer is None)
