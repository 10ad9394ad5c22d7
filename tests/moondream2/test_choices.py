"""Each choice is as likely as an answer that begins with it, whatever it is compared with."""

import copy
from math import exp, inf, log, nan

import pytest
import torch
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from moondream2.choices import Choice, log_rest, log_sum, probabilities_of, tree_of
from moondream2.network import Input, Network
from moondream2.skills import Chosen
from moondream2.text import visibility
from protocol.choices import spellings
from tests.moondream2.conftest import Loaded

Path = tuple[int, ...]

# How sure the network is of each token; only one that is not lets every choice weigh something.
SHARPNESS = {"sure": 1.0, "unsure": 0.1}


@pytest.fixture(scope="module", params=SHARPNESS.values(), ids=SHARPNESS.keys())
def sharp(request: pytest.FixtureRequest, loaded: Loaded) -> Loaded:
    network = copy.deepcopy(loaded.network)
    with torch.no_grad():
        for scores in network.text.lm_head.parameters():
            scores *= request.param
    return Loaded(network, loaded.tokenizer, loaded.reference)


@pytest.fixture(scope="module")
@torch.inference_mode()
def prefixes(loaded: Loaded) -> dict[str | None, torch.Tensor]:
    """What stands before a prompt, by the picture's name: BOS and image tokens (T, D)."""
    network = loaded.network
    bos = network.text.embed(torch.tensor([network.config.tokenizer.bos_id]))
    seen = network.encode_picture(loaded.reference.picture("kiosk"))
    return {None: bos[:0], "kiosk": torch.cat([bos, seen])}


def whole(network: Network, prefix: torch.Tensor, inputs: list[Input]) -> torch.Tensor:
    """The logarithm of every token's likelihood (T, V) behind each input, by one plain pass.

    No cache, no rows, no steps: a prefix (T, D), which sees all of itself, and all behind it.
    """
    n_prefix = len(prefix)
    x = torch.cat([prefix, network.embed_inputs([inputs])[0]])[None]
    positions = torch.arange(x.shape[1])[None]
    mask = visibility(positions, x.shape[1]).clone()
    mask[..., :n_prefix, :n_prefix] = True
    hidden = network.text(x, positions, mask)[0, n_prefix:]
    return network.text.logits(hidden).double().log_softmax(dim=-1)


def log_likelihood(
    network: Network, prefix: torch.Tensor, prompt: list[Input], path: Path
) -> float:
    logs = whole(network, prefix, [*prompt, *path[:-1]])[len(prompt) - 1 :]
    return sum(float(each[token]) for each, token in zip(logs, path, strict=True))


def alone(
    network: Network, prefix: torch.Tensor, prompt: list[Input], choices: list[Choice]
) -> list[float]:
    """Each choice by itself: the sum of its spellings, less what goes on as a longer choice."""
    paths = [path for choice in choices for path in choice.spellings]
    logs = {path: log_likelihood(network, prefix, prompt, path) for path in paths}
    likely = {path: exp(log - max(logs.values())) for path, log in logs.items()}

    def goes_on(path: Path) -> float:
        longer = [each for each in paths if each != path and each[: len(path)] == path]
        # What goes on as the longest has gone on as one between, and counts once.
        first = [
            each
            for each in longer
            if not any(each != other and each[: len(other)] == other for other in longer)
        ]
        return sum(likely[each] for each in first)

    shares = [sum(likely[p] - goes_on(p) for p in choice.spellings) for choice in choices]
    return [share / sum(shares) for share in shares]


def are_distinct(texts: list[str]) -> bool:
    written = [each for text in texts for each in spellings(text)]
    return len(written) == len(set(written))


words = st.text("aeNors \n", min_size=1, max_size=4).filter(str.strip)
choice_sets = st.lists(words | st.builds(str.__add__, words, words), min_size=2, max_size=6)


@settings(max_examples=40)
@given(
    texts=choice_sets.filter(are_distinct),
    longer=st.text("aeNors ", max_size=4),
    picture=st.sampled_from([None, "kiosk"]),
)
@example(texts=["yes", "no"], longer="", picture="kiosk")
@example(texts=["red", "red car", "red carpet"], longer=" s", picture="kiosk")
@example(texts=["é", "🙂", "日本"], longer="?", picture=None)
@torch.inference_mode()
def test_probabilities_are_those_of_scoring_each_choice_alone(
    sharp: Loaded, prefixes, texts: list[str], longer: str, picture: str | None
):
    texts = [*texts, texts[0] + longer + "e"]
    assume(are_distinct(texts))
    prompt = sharp.prompts.query("What is it?", with_picture=picture is not None)
    choices = [sharp.prompts.choice(each, spellings(each)) for each in texts]
    paths = [path for choice in choices for path in choice.spellings]
    n_prefixes = sum(a != b and a == b[: len(a)] for a in paths for b in paths)
    event("beginnings of one another" if n_prefixes else "apart")
    (chosen,), decoding = sharp.run(sharp.skills.choose(prompt, choices), picture)
    expected = alone(sharp.network, prefixes[picture], prompt, choices)
    assert isinstance(chosen, Chosen)
    assert chosen.probabilities == pytest.approx(expected, abs=1e-4)
    assert sum(chosen.probabilities) == pytest.approx(1)
    assert chosen.text == texts[chosen.probabilities.index(max(chosen.probabilities))]
    assert decoding.finish_reason == "stop"


def test_comparing_leaves_no_position_behind(loaded: Loaded):
    prompt = loaded.prompts.query("What is it?")
    choices = [loaded.prompts.choice(each, spellings(each)) for each in ("a red car", "a lamp")]
    _, decoding = loaded.run(loaded.skills.choose(prompt, choices), "kiosk")
    n_before = loaded.network.config.prefix_length + len(prompt)
    assert loaded.cache.lengths[decoding.row] == n_before


def test_tree_shares_what_begins_alike():
    root = tree_of([Choice("ab", ((1, 2),)), Choice("ac", ((1, 3), (4,))), Choice("a", ((1,),))])
    assert list(root.children) == [1, 4]
    assert list(root.children[1].children) == [2, 3]
    assert root.children[1].choice == 2
    assert root.children[1].children[3].choice == root.children[4].choice == 1


def test_likelihoods_too_small_for_numbers_are_still_compared():
    """Forty characters of an odd script are 160 tokens, and each may be one in a million."""
    assert probabilities_of({0: -2000.0, 1: -2000.0 + log(3)}, 2) == pytest.approx((0.25, 0.75))
    assert log_sum([-2000.0, -2000.0]) == pytest.approx(-2000 + log(2))


def test_longer_choices_that_take_all_leave_the_shorter_nothing():
    """Rounding may make of them a little more than all."""
    assert log_rest([log(0.25), log(0.5)]) == pytest.approx(log(0.25))
    assert log_rest([0.0]) == log_rest([log(0.7), log(0.3) + 1e-7]) == -inf
    assert log_rest([]) == 0
    assert log_sum([]) == log_sum([-inf]) == -inf
    assert probabilities_of({0: -inf, 1: -5.0}, 2) == (0.0, 1.0)


def test_scores_that_are_no_numbers_are_no_probabilities():
    """A page's JSON cannot say them, and the whole answer would be lost."""
    for broken in (nan, inf, -inf):
        with pytest.raises(FloatingPointError, match="no numbers"):
            probabilities_of({0: broken, 1: broken}, 2)
