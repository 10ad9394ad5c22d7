"""The network in the tab computes the reference's numbers, tiles, reasoning and places included."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.browser.conftest import GPU_IN_SOFTWARE, Launch
from tests.browser.exams import DEVICES
from tests.browser.host import served
from tests.browser.in_tab import write_folder
from tests.checkpoint_folders import PARITY

TOLERANCE, PLACE_TOLERANCE = 1e-4, 1e-6
EXPECTED: dict[str, Any] = json.loads((PARITY / "expected.json").read_text())
# What is see-through lies on white here, as on the server; the reference shows what lies beneath.
SEE_THROUGH = [name for name, each in EXPECTED["pictures"].items() if each["mode"] == "RGBA"]
PICTURES = [name for name in EXPECTED["pictures"] if name not in SEE_THROUGH]
TEXT_RUNS = {k: v for k, v in EXPECTED["text_runs"].items() if v["picture"] not in SEE_THROUGH}
# Gaze has no head of its own in these weights and is not offered.
REGION_RUNS = {
    name: each
    for name, each in EXPECTED["region_runs"].items()
    if each["skill"] != "gaze" and each["picture"] not in SEE_THROUGH
}

# Runs everything that was recorded and tells what came out of each stage.
RECORD = Path(__file__).with_name("record_in_tab.js").read_text()


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return {
        name: each.astype(np.float32) if each.dtype.kind == "f" else each
        for name, each in load_file(PARITY / "expected.safetensors").items()
        if "bf16" not in name
    }


@pytest.fixture(scope="module", params=DEVICES)
def recorded(
    request: pytest.FixtureRequest, launch: Launch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict]:
    """What the tab computes of everything that the reference was recorded with."""
    checkpoint = tmp_path_factory.mktemp("parity")
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(PARITY / name, checkpoint / name)
    shutil.copyfile(PARITY / "weights.safetensors", checkpoint / "model.safetensors")
    folder = write_folder(checkpoint, tmp_path_factory.mktemp("tab"), "float16", "parity")
    shutil.copytree(PARITY / "pictures", folder / "pictures")
    with served(folder) as host:
        url = host.url
        page = launch(*GPU_IN_SOFTWARE).new_page()
        page.goto(f"{url}scenes/")
        pictures = {name: url + each["file"] for name, each in EXPECTED["pictures"].items()}
        yield page.evaluate(RECORD, [url, request.param, pictures, TEXT_RUNS, REGION_RUNS])
        page.close()


def is_near(mine: list, theirs: np.ndarray) -> bool:
    ours = np.asarray(mine, dtype=np.float32).reshape(theirs.shape)
    return not theirs.size or np.abs(ours - theirs).max() <= TOLERANCE * np.abs(theirs).max()


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_cut_and_looked_at_as_by_the_reference(recorded, tensors, name: str):
    seen, crops = recorded["seen"][name], tensors[f"{name}/crops"]
    assert seen["tiling"] == EXPECTED["pictures"][name]["tiling"]
    # The reference keeps a single tile beside the whole frame, which it equals.
    n_crops = 1 if seen["tiling"] == [1, 1] else len(crops)
    assert np.array_equal(
        np.array(seen["crops"], np.uint8).reshape(crops[:n_crops].shape), crops[:n_crops]
    )
    assert is_near(seen["features"], tensors[f"{name}/features"][:n_crops])
    assert is_near(seen["projected"], tensors[f"{name}/projected"])


@pytest.mark.parametrize("name", TEXT_RUNS)
def test_text_is_written_as_by_the_reference(recorded, tensors, name: str):
    ran, expected = recorded["ran"][name], TEXT_RUNS[name]
    if f"{name}/prompt_hidden" in tensors:
        assert is_near(ran["hidden"][0], tensors[f"{name}/prompt_hidden"][-1])
    texts = [each["text"] for each in ran["found"] if each["found"] == "text"]
    assert (texts, ran["reason"]) == (expected["chunks"], expected["finish"])
    n_thought = 0
    if "thought_ids" in expected:
        (thought,) = [each for each in ran["found"] if each["found"] == "thought"]
        assert thought["text"] == expected["thought_text"]
        spans = [(each["startIdx"], each["endIdx"]) for each in thought["grounding"]]
        assert spans == [(each["start_idx"], each["end_idx"]) for each in expected["grounding"]]
        for mine, theirs in zip(thought["grounding"], expected["grounding"], strict=True):
            assert np.allclose(mine["points"], theirs["points"], rtol=0, atol=PLACE_TOLERANCE)
        # One choice more than what was thought ended the thinking.
        n_thought = len(expected["thought_ids"]) + 1
        theirs = tensors[f"{name}/thought/logits"]
        assert is_near(ran["scores"][: len(theirs)], theirs)
    theirs = tensors[f"{name}/logits"]
    assert is_near(ran["scores"][n_thought : n_thought + len(theirs)], theirs)


@pytest.mark.parametrize("name", REGION_RUNS)
def test_places_are_found_as_by_the_reference(recorded, tensors, name: str):
    ran, expected = recorded["ran"][name], REGION_RUNS[name]
    assert ran["reason"] == expected["finish"]
    assert is_near(ran["hidden"][1:], tensors[f"{name}/hidden"])
    assert is_near(ran["coordinates"], tensors[f"{name}/coordinate_logits"])
    if f"{name}/size_logits" in tensors:
        assert is_near(ran["sizes"], tensors[f"{name}/size_logits"])
    found = [list(each["place"].values()) for each in ran["found"]]
    theirs = [list(each.values()) for each in expected["found"]]
    assert found == [pytest.approx(each, abs=PLACE_TOLERANCE) for each in theirs]
