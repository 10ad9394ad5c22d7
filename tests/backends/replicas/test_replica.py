"""What runs on a cluster's machine, without a cluster."""

from collections.abc import AsyncIterator
from time import monotonic

import pytest

import backends.replicas.replica as replica_module
from backends.replicas.replica import Replica
from backends.replicas.version import version
from protocol.answer import AnswerEvent, Finished, FinishReason, Started, refusal
from protocol.errors import Busy, OutOfMemory, RequestError, StartRefused
from protocol.model import Model
from protocol.pieces import TextDelta
from protocol.request import SamplingParams
from settings import Settings
from tests.backends.echo import REFUSED, EchoModel
from tests.fakes import ReadyModel, make_request
from tests.server import over_the_wire, run_async

# Begins and never comes to an end.
ENDLESS = "endless look"


def make_replica(model: Model | None = None) -> Replica:
    settings = Settings(max_waiting=4, max_waiting_per_client=9)
    return Replica(settings, EchoModel if model is None else lambda _: model)


async def heard(answer: AsyncIterator[list[AnswerEvent]]) -> list[AnswerEvent]:
    return [event async for events in answer for event in events]


def test_model_that_cannot_start_ends_the_replica_with_its_reason():
    with pytest.raises(StartRefused, match=REFUSED):
        Replica(Settings(revision="refused"), EchoModel)


def test_model_that_fails_later_is_told_at_the_next_look():
    model = ReadyModel()
    replica = make_replica(model)
    replica.check_health()
    model.failure = StartRefused("It broke off.")
    with pytest.raises(StartRefused):
        replica.check_health()


@over_the_wire
async def test_answer_comes_in_lists_and_the_first_as_soon_as_it_has_its_place():
    answer = make_replica().answer(make_request(question="a b c"), 0.0, "tier")
    assert await anext(answer) == []
    events = await heard(answer)
    assert isinstance(events[0], Started)
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "a b c "
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(each, Finished) for each in events) == 1


@over_the_wire
async def test_words_that_come_fast_cross_together():
    asked = make_request(question="a " * 1000, sampling=SamplingParams(max_tokens=1000))
    lists = [events async for events in make_replica().answer(asked, 0.0, "tier")]
    assert sum(map(len, lists)) > 1000
    assert len(lists) < 500


@over_the_wire
async def test_who_stops_listening_ends_the_answer():
    replica = make_replica()
    answer = replica.answer(make_request(question=ENDLESS), 0.0, "tier")
    await anext(answer)
    assert (await replica.status("tier"))[1].n_open == 1
    await answer.aclose()
    assert (await replica.status("tier"))[1].n_open == 0


@over_the_wire
async def test_each_tier_is_told_what_the_others_have_open():
    replica = make_replica()
    answers = [
        replica.answer(make_request(f"{number}", question=ENDLESS), 0.0, tier)
        for number, tier in enumerate(["one", "one", "two"])
    ]
    for each in answers:
        await anext(each)
    told = [(await replica.status(tier))[1] for tier in ("one", "two", "three")]
    assert [(each.n_open, each.n_elsewhere) for each in told] == [(3, 1), (3, 2), (3, 3)]
    for each in answers:
        await each.aclose()


@over_the_wire
async def test_age_of_a_request_counts_and_not_the_clock_it_was_told_by():
    """The web tier's clock is ten minutes ahead of this one."""
    asked = make_request(question="a")
    object.__setattr__(asked, "arrived_at", monotonic() + 600)
    *_, end = await heard(make_replica().answer(asked, 0.5, "tier"))
    assert 500 <= end.timings.queue_ms < 10_000


@over_the_wire
async def test_refused_request_hears_why_and_nothing_else():
    class FullModel(ReadyModel):
        def submit(self, request: object, sink: object) -> None:
            raise Busy("Too many.")

    (end,) = await heard(make_replica(FullModel()).answer(make_request(), 0.0, "tier"))
    assert (end.reason, end.error.code) == (FinishReason.ERROR, "busy")


@pytest.mark.parametrize("error", [OutOfMemory("Too little memory.")])
def test_answer_that_fails_is_told_and_the_next_one_comes(error: RequestError):
    class FailingModel(ReadyModel):
        def submit(self, request, sink) -> None:
            sink(refusal(request.id, request.skill, error))

    replica = make_replica(FailingModel())
    for id in "12":
        (end,) = run_async(lambda id=id: heard(replica.answer(make_request(id), 0.0, "tier")))
        assert (end.id, end.error) == (id, error)


@over_the_wire
async def test_silent_tier_is_given_up_while_others_speak():
    replica = make_replica()
    answer = replica.answer(make_request(question=ENDLESS), 0.0, "gone")
    await anext(answer)
    replica._heard_at["gone"] -= replica_module.TIER_SILENT_S + 1
    await replica.status("there")
    assert not any(isinstance(each, Finished) for each in await heard(answer))
    assert (await replica.status("there"))[1].n_open == 0
    assert set(replica._heard_at) == {"there"}


@over_the_wire
async def test_replica_to_which_nobody_speaks_any_more_ends_its_answers_first():
    """As the cluster does with one that it takes away."""
    replica = make_replica()
    answer = replica.answer(make_request(question="a b c"), 0.0, "tier")
    await anext(answer)
    replica._heard_at["tier"] -= replica_module.TIER_SILENT_S + 1
    assert isinstance((await heard(answer))[-1], Finished)


@over_the_wire
async def test_answer_that_takes_long_gives_signs_of_life():
    answer = make_replica(SilentModel()).answer(make_request(), 0.0, "tier")
    assert [await anext(answer) for _ in range(2)] == [[], []]
    await answer.aclose()


class SilentModel(ReadyModel):
    """Takes a request and says nothing."""

    def submit(self, request: object, sink: object) -> None:
        pass


@over_the_wire
async def test_version_is_told_with_the_status():
    spoken, _ = await make_replica(ReadyModel()).status("tier")
    assert spoken == version()
