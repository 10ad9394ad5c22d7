"""Weights of 8 bits answer almost as the whole ones do."""

import copy

import pytest
import torch
from torch import nn

from moondream2.quantise import MAX_PACKED_ROWS, Int8Linear, quantise
from tests.moondream2.conftest import Loaded


@pytest.mark.parametrize("n_rows", [1, 3, MAX_PACKED_ROWS, MAX_PACKED_ROWS + 1])
def test_layer_of_whole_numbers_is_close_to_the_layer_it_was_made_of(n_rows: int):
    torch.manual_seed(0)
    linear = nn.Linear(64, 48, dtype=torch.bfloat16)
    with torch.inference_mode():
        linear.weight[5] = 0
        x = torch.randn(2, n_rows, 64, dtype=torch.bfloat16)
        expected = linear(x).float()
        error = (Int8Linear(linear)(x).float() - expected).abs().max() / expected.abs().max()
    assert error < 0.02


@torch.inference_mode()
def test_only_the_text_decoder_is_quantised_and_still_knows_what_comes_next(loaded: Loaded):
    whole = copy.deepcopy(loaded.network).to(torch.bfloat16)
    network = copy.deepcopy(whole)
    quantise(network)
    kinds = {
        name.split(".")[0] for name, each in network.named_modules() if isinstance(each, Int8Linear)
    }
    assert kinds == {"text"}
    prompt = loaded.prompts.query("What is on the desk?", with_picture=False)
    logits = [
        each.text.logits(each.feed(each.make_cache(1), [0], [prompt])[0]).float()
        for each in (whole, network)
    ]
    cosine = nn.functional.cosine_similarity(*logits, dim=-1)
    assert cosine.min() > 0.99
