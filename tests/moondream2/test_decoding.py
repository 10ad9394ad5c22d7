"""However rows are fed, one by one or together, each gets what it would get alone."""

from concurrent.futures import Future

import torch

from moondream2.decoding import forbid, step
from moondream2.grammar import Mask
from moondream2.skills import Feed, NextToken, Procedure, Text
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


def only(*allowed: int) -> Mask:
    """The mask that allows just these of 340 tokens."""
    return sum(1 << each for each in allowed).to_bytes(64, "little")


def test_mask_leaves_a_row_what_it_allows_and_other_rows_as_they_are():
    logits = torch.randn(4, 340)
    before = logits.clone()
    forbid(logits, {1: only(0, 9, 339), 3: only(8)})
    assert torch.equal(logits[[0, 2]], before[[0, 2]])
    for row, allowed in {1: [0, 9, 339], 3: [8]}.items():
        assert logits[row].isfinite().nonzero().flatten().tolist() == allowed
        assert torch.equal(logits[row, allowed], before[row, allowed])


def chosen_under(mask: "Future[Mask]", banned: tuple[int, ...] = ()) -> Procedure:
    """Tell which token is chosen under a mask."""
    yield Feed((1, 2, 3))
    yield Text(str((yield NextToken(banned, mask=mask))))
    return "stop"


def test_token_is_one_that_the_mask_allows_and_that_is_not_banned(loaded: Loaded):
    mask: Future[Mask] = Future()
    mask.set_result(only(17, 230))
    assert loaded.run(chosen_under(mask, banned=(17,)), None)[0] == [Text("230")]


def test_row_whose_mask_is_late_delays_nobody_and_goes_on_when_it_is_there(loaded: Loaded):
    """A schema that is hard to keep to may take ten steps' time for one token."""
    mask: Future[Mask] = Future()
    late = loaded.begin(chosen_under(mask), None, row=0)
    prompt = loaded.prompts.query("How?")
    other = loaded.begin(loaded.skills.write(prompt, 20), None, row=1)
    alone, _ = loaded.run(loaded.skills.write(prompt, 20), None)
    loaded.cache.lengths[1] = 0
    while other.finish_reason is None:
        step(loaded.network, loaded.cache, [late, other])
    assert other.take_findings() == alone
    assert late.finish_reason is None
    mask.set_result(only(17))
    step(loaded.network, loaded.cache, [late])
    assert late.take_findings() == [Text("17")]
