"""However rows are fed, one by one or together, each gets what it would get alone."""

import torch

from moondream2.decoding import step
from moondream2.skills import Text
from tests.moondream2.conftest import Loaded

QUESTIONS = {0: ("kiosk", "What is on the desk?"), 1: ("ribbon", "A lamp?"), 2: ("stamp", "How?")}


@torch.inference_mode()
def test_prefill_at_once_equals_token_by_token(loaded: Loaded):
    network, cache = loaded.network, loaded.cache
    prompt = loaded.prompts.query("What is on the desk?")
    prefix = loaded.prefixes["kiosk"]
    assert prefix is not None
    cache.restore(0, prefix)
    at_once = network.feed(cache, [0], [prompt])[0, -1]
    cache.restore(1, prefix)
    for item in prompt:
        one_by_one = network.feed(cache, [1], [[item]])[0, -1]
    assert torch.allclose(at_once, one_by_one, atol=1e-4)


def test_rows_in_one_batch_answer_as_if_alone(loaded: Loaded):
    alone = {}
    for row, (picture, question) in QUESTIONS.items():
        found, _ = loaded.run(loaded.skills.write(loaded.prompts.query(question), 20), picture)
        alone[row] = found
    decodings = [
        loaded.begin(loaded.skills.write(loaded.prompts.query(question), 20), picture, row)
        for row, (picture, question) in QUESTIONS.items()
    ]
    while any(decoding.finish_reason is None for decoding in decodings):
        step(loaded.network, loaded.cache, decodings)
    assert {decoding.row: decoding.take_findings() for decoding in decodings} == alone


def test_prompt_names_the_first_word_before_that_word_is_fed(loaded: Loaded):
    prompt = loaded.prompts.query("What is on the desk?")
    decoding = loaded.begin(loaded.skills.write(prompt, 20), "kiosk", row=0)
    n_before = loaded.cache.lengths[0]
    step(loaded.network, loaded.cache, [decoding])
    assert decoding.take_findings()
    assert loaded.cache.lengths[0] == n_before + len(prompt)


def test_stale_positions_of_a_row_are_never_seen(loaded: Loaded):
    question = loaded.prompts.query("How many cups?")
    first, _ = loaded.run(loaded.skills.write(question, 20), "stamp")
    loaded.run(loaded.skills.write(loaded.prompts.query("x" * 60), 20), "tower")
    again, _ = loaded.run(loaded.skills.write(question, 20), "stamp")
    assert again == first


def test_answer_at_the_length_limit_says_so(loaded: Loaded):
    found, decoding = loaded.run(loaded.skills.write(loaded.prompts.caption("normal"), 1), "kiosk")
    assert decoding.finish_reason == "length"
    assert all(isinstance(each, Text) for each in found)
