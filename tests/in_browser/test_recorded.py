"""What is recorded of a known picture is what the network computes of it."""

import pytest
import torch

from demo.evaluate import CHECKPOINT
from in_browser.checkpoint import Stored
from in_browser.recorded import N_TOKENS, known_crop, record
from in_browser.stored import AsStored
from moondream2.config import TOKENIZER_FILE
from moondream2.weights import load_checkpoint


@pytest.fixture(scope="module")
def recorded() -> dict:
    stored = Stored(CHECKPOINT, TOKENIZER_FILE)
    return record(stored.config, AsStored("model.safetensors", {}, stored.read))


def test_recorded_numbers_are_those_of_the_whole_network_step_by_step(recorded: dict):
    """Recorded in one pass, by layers that hold nothing; used with a cache, in three."""
    network, _ = load_checkpoint(CHECKPOINT, device=torch.device("cpu"), dtype=torch.float32)
    cache, tokens = network.make_cache(1), recorded["tokens"]
    with torch.inference_mode():
        features = network.encode_crops(known_crop(network.config.vision.crop_size)[None])
        network.begin_with_picture(cache, 0, network.vision.merge(features, (1, 1)))
        hidden = network.feed(cache, [0], [tokens[:-1]])[0, -1]
        step_hidden = network.feed(cache, [0], [tokens[-1:]])[0, -1]
        scores, step_scores = network.text.logits(hidden), network.text.logits(step_hidden)
    assert len(tokens) == N_TOKENS
    for name, stage in {"features": features, "scores": scores, "step_scores": step_scores}.items():
        numbers = stage.flatten()
        step = -(-len(numbers) // len(recorded[name]))
        assert recorded[name] == pytest.approx(numbers[::step].tolist(), abs=1e-4)


def test_known_picture_uses_every_value():
    assert known_crop(140).unique().numel() == 256
