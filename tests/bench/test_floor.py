"""The costs of the published sizes, counted once by hand, and how a floor follows from them."""

import pytest

from bench.floor import Cost, Costs, Limits, stages
from moondream2.config import Config

BFLOAT16 = Costs(Config(), number_bytes=2, weight_bytes=2)


@pytest.mark.parametrize(
    ("stage", "gflop"),
    [
        (BFLOAT16.encode_crops(1), 666),
        (BFLOAT16.encode_crops(9), 9 * 666.4),
        (BFLOAT16.project(), 52),
        (BFLOAT16.prefill_image(), 1868),
    ],
)
def test_stage_takes_the_published_operations(stage: Cost, gflop: float):
    assert stage.n_operations / 1e9 == pytest.approx(gflop, rel=1e-3)


def test_token_takes_operations_once_and_again_for_each_position():
    none, one = (BFLOAT16.decode_step(n).n_operations for n in (0, 1))
    assert none / 1e9 == pytest.approx(2.63, abs=0.005)
    assert one - none == 196_608


def test_token_reads_every_weight_of_the_decoder_and_each_position_once():
    none, one = (BFLOAT16.decode_step(n).n_bytes for n in (0, 1))
    assert none / 1e9 == pytest.approx(2.627, abs=0.0005)
    assert one - none == 196_608


def test_batch_reads_the_weights_once_for_all_rows():
    one, eight = (BFLOAT16.decode_step(0, n_rows) for n_rows in (1, 8))
    assert eight.n_bytes == one.n_bytes
    assert eight.n_operations == 8 * one.n_operations


def test_prompt_of_one_token_costs_what_a_decode_step_costs():
    assert BFLOAT16.prefill_prompt(1, 729) == BFLOAT16.decode_step(730)


def test_prompt_costs_as_many_operations_as_its_tokens_one_by_one_but_for_their_scores():
    prompt = BFLOAT16.prefill_prompt(3, 730).n_operations
    tokens = sum(BFLOAT16.decode_step(n).n_operations for n in (731, 732, 733))
    assert prompt == tokens - 2 * 2 * 2048 * 51200


def test_image_prefix_moves_its_keys_and_values():
    cached = BFLOAT16.prefill_image().n_bytes - 2 * 24 * 50_354_176
    assert cached / 1e6 == pytest.approx(143.5, abs=0.05)


@pytest.mark.parametrize(
    ("stage", "megabytes"), [(BFLOAT16.decode_coordinate(), 50), (BFLOAT16.decode_size(), 67)]
)
def test_place_reads_its_heads_weights(stage: Cost, megabytes: float):
    assert stage.n_bytes / 1e6 == pytest.approx(megabytes, abs=0.5)


def test_smaller_weights_leave_keys_and_values_their_size():
    int8 = Costs(Config(), number_bytes=2, weight_bytes=1)
    assert int8.decode_step(0).n_bytes == BFLOAT16.decode_step(0).n_bytes / 2
    assert int8.decode_step(1).n_bytes - int8.decode_step(0).n_bytes == 196_608


@pytest.mark.parametrize(
    ("cost", "floor_ms"), [(Cost(2e9, 1e6), 2000.0), (Cost(1e6, 3e8), 3000.0), (Cost(), 0.0)]
)
def test_floor_is_the_slower_of_computing_and_moving(cost: Cost, floor_ms: float):
    assert Limits(operations_per_s=1e9, bytes_per_s=1e8).floor_ms(cost) == floor_ms


@pytest.mark.parametrize(("size", "n_crops"), [((640, 360), 1), ((640, 480), 9), ((378, 9000), 1)])
def test_frame_with_a_single_tile_is_encoded_once(size: tuple[int, int], n_crops: int):
    assert BFLOAT16.encode_frame(*size) == (BFLOAT16.encode_crops(n_crops), BFLOAT16.project())


def test_stages_that_wait_for_each_other_add_up():
    limits = Limits(operations_per_s=1e9, bytes_per_s=1e8)
    assert limits.floor_ms(Cost(2e9, 0), Cost(0, 1e8)) == 3000.0


def test_every_listed_stage_costs_something():
    assert all(
        part.n_operations and part.n_bytes for parts in stages(BFLOAT16).values() for part in parts
    )
