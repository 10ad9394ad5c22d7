"""Our network gets the reference's numbers from the reference's weights, stage by stage."""

import json

import pytest
import torch

from moondream2.crops import make_crops
from moondream2.network import Coordinate, Size
from moondream2.skills import Box, Point, Text, Thought
from moondream2.text import rotary_table, rotate
from tests.moondream2.conftest import PARITY, Loaded, Reference

TOLERANCE = 1e-4
EXPECTED = json.loads((PARITY / "expected.json").read_text())
PICTURES = list(EXPECTED["pictures"])
WRITTEN = [name for name, run in EXPECTED["text_runs"].items() if "thought_ids" not in run]
REASONED = [name for name, run in EXPECTED["text_runs"].items() if "thought_ids" in run]
FOUND = [name for name, run in EXPECTED["region_runs"].items() if run["skill"] != "gaze"]


@pytest.mark.parametrize("name", PICTURES)
def test_crops_equal_the_reference_to_the_byte(name: str, loaded: Loaded, reference: Reference):
    crops, tiling = make_crops(reference.picture(name), loaded.network.config.vision)
    assert list(tiling) == reference.expected["pictures"][name]["tiling"]
    assert (crops == reference.tensors[f"{name}/crops"].numpy()).all()


@pytest.mark.parametrize("name", PICTURES)
@torch.inference_mode()
def test_every_vision_stage_equals_the_reference(name: str, loaded: Loaded, reference: Reference):
    network, vision = loaded.network, loaded.network.vision
    crops, tiling = make_crops(reference.picture(name), network.config.vision)
    pixels = vision.normalise(torch.from_numpy(crops))
    features = vision.encode_crops(pixels)
    canvas = vision.join_tiles(features[1:], tiling)
    image_tokens = network.encode_picture(reference.picture(name))
    hidden = network.begin_with_picture(loaded.cache, 0, image_tokens)
    stages = {
        "pixels": pixels,
        "features": features,
        "canvas": canvas,
        "pooled": vision.pool(canvas),
        "projected": image_tokens,
        "prefix_hidden": hidden,
    }
    distances = {
        stage: reference.distance(mine, f"{name}/{stage}")
        for stage, mine in stages.items()
        if f"{name}/{stage}" in reference.tensors
    }
    assert max(distances.values()) <= TOLERANCE, distances


@torch.inference_mode()
def test_cached_keys_and_values_equal_the_reference(loaded: Loaded, reference: Reference):
    name = next(key.split("/")[0] for key in reference.tensors if "/keys/" in key)
    prefix = loaded.prefixes[name]
    assert prefix is not None
    for layer in range(loaded.network.config.text.n_layers):
        assert reference.distance(prefix.keys[layer], f"{name}/keys/{layer}") <= TOLERANCE
        assert reference.distance(prefix.values[layer], f"{name}/values/{layer}") <= TOLERANCE


def test_rotary_positions_equal_the_reference(loaded: Loaded, reference: Reference):
    table = rotary_table(loaded.network.config.text)
    turned = rotate(reference.tensors["rope/x"], table[reference.tensors["rope/positions"]][None])
    assert reference.distance(table, "rope/cos_sin") <= TOLERANCE
    assert reference.distance(turned, "rope/out") <= TOLERANCE


@torch.inference_mode()
def test_coordinates_and_sizes_equal_the_reference(loaded: Loaded, reference: Reference):
    region, tensors = loaded.network.region, reference.tensors
    hidden = tensors["coordinate/hidden"]
    pieces = {
        "coordinate/encoded": region.encode_coordinate(tensors["coordinate/values"]),
        "coordinate/logits": region.decode_coordinate(hidden),
        "size/encoded": region.encode_size(tensors["size/values"]),
        "size/logits": region.decode_size(hidden),
    }
    distances = {key: reference.distance(mine, key) for key, mine in pieces.items()}
    assert max(distances.values()) <= TOLERANCE, distances


@pytest.mark.parametrize("bin", EXPECTED["size_of_bin"])
def test_size_bins_mean_what_they_mean_in_the_reference(bin: str, loaded: Loaded):
    size = loaded.network.region.size_of_bin(int(bin))
    assert size == pytest.approx(EXPECTED["size_of_bin"][bin], rel=1e-6)
    assert loaded.network.region.bin_of_size(size) == pytest.approx(int(bin), abs=1e-6)


@pytest.mark.parametrize("name", [*WRITTEN, *REASONED])
def test_prompts_are_prefilled_exactly_as_in_the_reference(name: str, loaded: Loaded):
    run = EXPECTED["text_runs"][name]
    control_ids = {Coordinate: 5, Size: 6}
    ids = [control_ids.get(type(item), item) for item in _text_prompt(loaded, run)]
    assert ids == run["prompt_ids"]


@pytest.mark.parametrize("name", WRITTEN)
def test_answers_and_captions_equal_the_reference_chunk_by_chunk(name: str, loaded: Loaded):
    run = EXPECTED["text_runs"][name]
    skill = loaded.skills.write(_text_prompt(loaded, run), run["max_tokens"])
    found, decoding = loaded.run(skill, run["picture"])
    assert [each.text for each in found if isinstance(each, Text)] == run["chunks"]
    assert decoding.finish_reason == run["finish"]


@pytest.mark.parametrize("name", REASONED)
def test_reasoning_and_its_grounding_equal_the_reference(name: str, loaded: Loaded):
    run = EXPECTED["text_runs"][name]
    skill = loaded.skills.reason(_text_prompt(loaded, run), run["max_tokens"])
    found, _ = loaded.run(skill, run["picture"])
    thought = next(each for each in found if isinstance(each, Thought))
    assert thought.text == run["thought_text"]
    for mine, theirs in zip(thought.grounding, run["grounding"], strict=True):
        assert [mine.start_idx, mine.end_idx] == [theirs["start_idx"], theirs["end_idx"]]
        assert torch.allclose(torch.tensor(mine.points), torch.tensor(theirs["points"]), atol=1e-6)
    assert [each.text for each in found if isinstance(each, Text)] == run["chunks"]


@pytest.mark.parametrize("name", FOUND)
def test_boxes_and_points_equal_the_reference(name: str, loaded: Loaded):
    run = EXPECTED["region_runs"][name]
    prompt = getattr(loaded.prompts, run["skill"])(run["object"])
    assert prompt == run["prompt_ids"]
    skill = getattr(loaded.skills, run["skill"])(prompt, run["max_objects"])
    found, decoding = loaded.run(skill, run["picture"])
    assert all(isinstance(each, Box | Point) for each in found)
    assert [pytest.approx(vars(each), abs=1e-6) for each in found] == run["found"]
    assert decoding.finish_reason == run["finish"]


def test_the_same_prefix_answers_the_same_after_everything_else(loaded: Loaded):
    run = EXPECTED["text_runs"][EXPECTED["reuse"]["run"]]
    for _ in range(2):
        skill = loaded.skills.write(_text_prompt(loaded, run), run["max_tokens"])
        found, _decoding = loaded.run(skill, run["picture"])
        assert "".join(each.text for each in found if isinstance(each, Text)) == run["text"]


def _text_prompt(loaded: Loaded, run: dict) -> list:
    if run["skill"] == "caption":
        return loaded.prompts.caption(run["length"])
    return loaded.prompts.query(
        run["question"],
        with_picture=run["picture"] is not None,
        reasoning="thought_ids" in run,
        spatial_refs=run.get("spatial_refs") or (),
    )
