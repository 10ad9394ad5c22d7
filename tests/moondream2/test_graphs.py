"""A step in fixed shapes gives what a step in exact shapes gives, and graphs are not trusted."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moondream2.decoding import step
from moondream2.graphs import (
    MAX_DIFFERENCE,
    Bucket,
    Capture,
    CudaCapture,
    StepGraphs,
    Work,
    capture_steps,
    plan_no_attention,
    planned_attention,
)
from moondream2.kv_cache import KVCache
from moondream2.network import Coordinate, Input, Network, Size
from moondream2.skills import Chosen
from moondream2.weights import load_checkpoint
from tests.moondream2.conftest import Loaded, Reference
from tests.moondream2.test_decoding import QUESTIONS

N_ROWS, KEYS_PER_BUCKET, MAX_CONTEXT = 5, 32, 144
INPUTS: list[Input] = [7, 300, Coordinate(0.25), Size(0.5, 0.125)]

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="only a CUDA device captures CUDA graphs"
)


def eagerly(work: Work) -> Work:
    """Stands in for a graph where there is no GPU: the same work on the same fixed tensors."""
    return work


def with_graphs(network: Network, capture: Capture) -> StepGraphs:
    cache = network.make_cache(N_ROWS)
    with torch.inference_mode():
        return StepGraphs(network.text, cache, capture, KEYS_PER_BUCKET)


@pytest.fixture(scope="module")
def graphs(loaded: Loaded) -> Iterator[StepGraphs]:
    loaded.network.graphs = with_graphs(loaded.network, eagerly)
    yield loaded.network.graphs
    loaded.network.graphs = None


def fill(cache: KVCache, lengths: list[int], seed: int) -> None:
    """Make rows so long; what lies behind their ends is noise, as earlier answers leave it."""
    generator = torch.Generator(cache.kv.device).manual_seed(seed)
    cache.kv.normal_(generator=generator)
    cache.lengths[:] = lengths


@st.composite
def steps(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """How long each row is, and which rows take part; who takes no part may be full."""
    rows = draw(st.lists(st.integers(0, N_ROWS - 1), min_size=1, unique=True))
    ends = [*range(KEYS_PER_BUCKET, MAX_CONTEXT, KEYS_PER_BUCKET), MAX_CONTEXT]
    length = st.integers(0, MAX_CONTEXT) | st.sampled_from([*(end - 1 for end in ends), *ends])
    lengths = [min(draw(length), MAX_CONTEXT - (row in rows)) for row in range(N_ROWS)]
    return lengths, rows


@settings(deadline=None, max_examples=60)
@given(steps(), st.integers(0, 99))
@torch.inference_mode()
def test_any_rows_of_any_lengths_step_as_without_graphs(
    loaded: Loaded, graphs: StepGraphs, lengths_and_rows: tuple[list[int], list[int]], seed: int
):
    lengths, rows = lengths_and_rows
    network, plain = loaded.network, loaded.network.make_cache(N_ROWS)
    fill(plain, lengths, seed)
    fill(graphs.cache, lengths, seed)
    filled = graphs.cache.kv.clone()
    inputs = [[INPUTS[(row + seed) % len(INPUTS)]] for row in rows]
    expected = network.feed(plain, rows, inputs)
    hidden = network.feed(graphs.cache, rows, inputs)
    assert torch.allclose(hidden, expected, atol=1e-4)
    assert graphs.cache.lengths == [n + (row in rows) for row, n in enumerate(lengths)]
    for row, n in enumerate(lengths):
        # What a row held before is not touched, whether or not it took part.
        for cache in (plain, graphs.cache):
            assert torch.equal(cache.kv[:, row, :, :n], filled[:, row, :, :n])
    for row in rows:
        mine, theirs = (each.kv[:, row, :, lengths[row]] for each in (graphs.cache, plain))
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_answers_are_those_of_a_network_without_graphs(
    loaded: Loaded, graphs: StepGraphs, reference: Reference
):
    def answers(side: Loaded) -> dict[int, list]:
        decodings = [
            side.begin(side.skills.write(side.prompts.query(question), 12), picture, row)
            for row, (picture, question) in QUESTIONS.items()
        ]
        while any(each.finish_reason is None for each in decodings):
            step(side.network, side.cache, decodings)
        return {each.row: each.take_findings() for each in decodings}

    side = Loaded(loaded.network, loaded.tokenizer, reference)
    side.cache = graphs.cache
    assert answers(side) == answers(loaded)


def test_choices_beside_an_answer_are_weighed_as_without_graphs(
    loaded: Loaded, graphs: StepGraphs, reference: Reference
):
    """A row that goes back and on again, beside one that only goes on."""

    def weigh(side: Loaded) -> tuple[list, Chosen]:
        choices = [side.prompts.choice(text, (text, f" {text}")) for text in ("lamp", "loft", "a")]
        prompt = side.prompts.query("What is it?")
        decodings = [
            side.begin(side.skills.write(prompt, 12), "stamp", row=0),
            side.begin(side.skills.choose(prompt, choices), "kiosk", row=1),
        ]
        while any(each.finish_reason is None for each in decodings):
            step(side.network, side.cache, decodings)
        words, (chosen,) = (each.take_findings() for each in decodings)
        return words, chosen

    side = Loaded(loaded.network, loaded.tokenizer, reference)
    side.cache = graphs.cache
    (words, chosen), (expected_words, expected) = weigh(side), weigh(loaded)
    assert words == expected_words
    assert chosen.text == expected.text
    assert chosen.probabilities == pytest.approx(expected.probabilities, abs=1e-4)


@torch.inference_mode()
def test_what_a_step_returned_stays_when_the_next_is_taken(loaded: Loaded, graphs: StepGraphs):
    fill(graphs.cache, [3] * N_ROWS, seed=0)
    first = loaded.network.feed(graphs.cache, [0], [[7]])
    kept = first.clone()
    loaded.network.feed(graphs.cache, [0], [[300]])
    assert torch.equal(first, kept)


def test_a_step_takes_the_smallest_graph_that_holds_it(graphs: StepGraphs):
    assert graphs.bucket(1, 1) == (1, 32)
    assert graphs.bucket(3, 32) == (4, 32)
    assert graphs.bucket(5, 33) == (5, 64)
    assert graphs.bucket(2, MAX_CONTEXT) == (2, MAX_CONTEXT)


def test_every_graph_is_tried_out(graphs: StepGraphs):
    rows, keys = (1, 2, 4, 5), (32, 64, 96, 128, MAX_CONTEXT)
    assert set(graphs.differences) == {Bucket(n, k) for n in rows for k in keys}
    assert set(graphs.differences.values()) == {0.0}


def breaks(work: Work) -> Work:
    raise RuntimeError("operation not permitted when stream is capturing")


def does_nothing(work: Work) -> Work:
    return lambda: None


def refused(
    loaded: Loaded, cache: KVCache, capture: Capture, caplog: pytest.LogCaptureFixture
) -> str:
    """The one warning that comes with having no graphs."""
    with caplog.at_level(logging.WARNING):
        assert capture_steps(loaded.network.text, cache, lambda: capture) is None
    (record,) = caplog.records
    return record.getMessage()


@pytest.mark.parametrize(
    ("capture", "reason"), [(breaks, "stream is capturing"), (does_nothing, "off by nan")]
)
def test_without_a_graph_that_works_there_is_one_warning(
    capture: Capture, reason: str, loaded: Loaded, caplog: pytest.LogCaptureFixture
):
    cache = loaded.network.make_cache(2)
    assert reason in refused(loaded, cache, capture, caplog)


def test_a_graph_that_writes_nothing_into_the_cache_is_refused(
    loaded: Loaded, caplog: pytest.LogCaptureFixture
):
    cache = loaded.network.make_cache(2)

    def forgets(work: Work) -> Work:
        def replay() -> None:
            before = cache.kv.clone()
            work()
            cache.kv.copy_(before)

        return replay

    assert "is off by" in refused(loaded, cache, forgets, caplog)


@needs_cuda
@torch.inference_mode()
def test_captured_graphs_step_as_the_device_does_without_them(checkpoint: Path):
    network, _ = load_checkpoint(checkpoint, device=torch.device("cuda"), dtype=torch.float32)
    graphs, plain = with_graphs(network, CudaCapture()), network.make_cache(N_ROWS)
    assert max(graphs.differences.values()) <= MAX_DIFFERENCE
    network.graphs = graphs
    for rows, lengths in (([0], [3, 0, 0, 0, 0]), ([0, 3], [100, MAX_CONTEXT, 9, 30, 0])):
        fill(plain, lengths, seed=1)
        fill(graphs.cache, lengths, seed=1)
        for token in (7, 300):
            inputs = [[token]] * len(rows)
            hidden = network.feed(graphs.cache, rows, inputs)
            assert torch.allclose(hidden, network.feed(plain, rows, inputs), atol=1e-3)


@needs_cuda
def test_network_on_a_gpu_steps_by_graphs(checkpoint: Path):
    network, _ = load_checkpoint(checkpoint, device=torch.device("cuda"), dtype=torch.bfloat16)
    network.capture_steps(network.make_cache(2))
    assert network.graphs is not None


def test_attention_is_planned_where_shapes_stay_and_nowhere_else():
    """On an H200 a step without a graph took 57 ms, most of it a plan of cuDNN's."""
    was_enabled = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        plan_no_attention()
        assert not torch.backends.cuda.cudnn_sdp_enabled()
        with planned_attention():
            assert torch.backends.cuda.cudnn_sdp_enabled()
        assert not torch.backends.cuda.cudnn_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(was_enabled)
