"""Each skill wishes for the right thing at the right time: no tensor, only what is sent back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log

import pytest

from moondream2.choices import Choice
from moondream2.config import TokenizerConfig
from moondream2.grammar import Grammars
from moondream2.network import Coordinate, Input, Size
from moondream2.prompts import Prompts
from moondream2.skills import (
    Chosen,
    Feed,
    Finding,
    FinishReason,
    Forget,
    NextCoordinate,
    NextLikelihoods,
    NextSize,
    NextToken,
    Procedure,
    Skills,
    Text,
    Thought,
    Wish,
)
from moondream2.tokenizer import Tokenizer
from protocol.places import Box, Grounding, Point
from tests.checkpoint_folders import PARITY

TOKENIZER = Tokenizer.from_file(PARITY / "tokenizer.json")
CONFIG = TokenizerConfig(answer_id=13, coord_id=15, size_id=16)
SKILLS = Skills(CONFIG, TOKENIZER, Prompts(CONFIG, TOKENIZER))
GRAMMARS = Grammars(TOKENIZER, eos_id=CONFIG.eos_id, n_tokens=340)
END, ANSWER, COORDINATE = CONFIG.eos_id, CONFIG.answer_id, CONFIG.coord_id
GROUND, END_GROUND = CONFIG.start_ground_points_id, CONFIG.end_ground_id
PROMPT: list[Input] = [1, 15381, 2, 3, 3]

# What the network may send back for each wish to read something.
RESULTS = {NextToken: int, NextLikelihoods: list, NextCoordinate: float, NextSize: tuple}
Result = int | float | tuple[float, float] | list[float]


@dataclass
class Played:
    """What a procedure yielded, in order, and why it ended."""

    steps: list[Wish | Finding] = field(default_factory=list)
    end: FinishReason | None = None

    @property
    def wishes(self) -> list[Wish]:
        return [step for step in self.steps if isinstance(step, Wish)]

    @property
    def found(self) -> list[Finding]:
        return [step for step in self.steps if not isinstance(step, Wish)]

    @property
    def thought(self) -> Thought:
        (thought,) = (step for step in self.steps if isinstance(step, Thought))
        return thought

    @property
    def fed(self) -> list[Input]:
        """What was fed after the prompt."""
        return [item for wish in self.wishes if isinstance(wish, Feed) for item in wish.inputs][
            len(PROMPT) :
        ]


def play(procedure: Procedure, results: Sequence[Result] = ()) -> Played:
    """Run a procedure to its end on exactly these results."""
    left = iter(results)
    played = play_on(procedure, left)
    assert not list(left), "the procedure ended sooner than was thought"
    return played


def play_on(procedure: Procedure, results: Iterator[Result]) -> Played:
    """Run a procedure to its end, on as many of these results as it takes."""
    played, sent = Played(), None
    while True:
        try:
            step = procedure.send(sent)
        except StopIteration as end:
            played.end = end.value
            return played
        played.steps.append(step)
        kind = RESULTS.get(type(step))
        sent = None if kind is None else next(results)
        assert kind is None or isinstance(sent, kind), f"{step} is not answered by {sent}"


def ids(text: str) -> list[int]:
    return TOKENIZER.encode(text)


def said(played: Played) -> str:
    return "".join(step.text for step in played.found if isinstance(step, Text))


def test_look_wishes_nothing():
    assert play(SKILLS.look()) == Played([], "stop")


def test_write_feeds_every_token_but_the_end_and_bans_the_answer_id_after_the_first():
    a, b = ids("A ")
    later = NextToken(banned=(ANSWER,))
    played = play(SKILLS.write(PROMPT, 9), [a, b, END])
    assert played.wishes == [Feed(tuple(PROMPT)), NextToken(), Feed((a,)), later, Feed((b,)), later]


@pytest.mark.parametrize(
    ("text", "ended_by", "max_tokens", "end"),
    [
        ("A mug", [END], 9, "stop"),
        ("", [END], 9, "stop"),
        # One token is read ahead, because the answer may end by itself just there.
        ("A mug", [END], len(ids("A mug")), "stop"),
        ("A mug", ids("s"), len(ids("A mug")), "length"),
        ("", ids("s"), 0, "length"),
    ],
)
def test_write_ends_at_the_end_id_or_with_its_budget(
    text: str, ended_by: list[int], max_tokens: int, end: FinishReason
):
    played = play(SKILLS.write(PROMPT, max_tokens), ids(text) + ended_by)
    assert (said(played), played.fed, played.end) == (text, ids(text), end)


def test_write_tells_a_word_once_it_is_whole_and_before_the_next_pass():
    words = {"A ": ids("A "), "mug ": ids("mug ")}
    played = play(SKILLS.write(PROMPT, 9), [*words["A "], *words["mug "], END])
    for word, tokens in words.items():
        place = played.steps.index(Text(word))
        assert played.steps[place + 1] == Feed((tokens[-1],))


@pytest.mark.parametrize("last", [END, *ids("s")])
def test_write_tells_what_was_held_back_when_it_ends(last: int):
    tokens = ids("A mug")
    assert play(SKILLS.write(PROMPT, len(tokens)), [*tokens, last]).steps[-1] == Text("mug")


def test_write_finds_nothing_in_tokens_without_text():
    played = play(SKILLS.write(PROMPT, 9), [GROUND, END_GROUND, END])
    assert (played.found, played.fed) == ([], [GROUND, END_GROUND])


@pytest.mark.parametrize(
    ("text", "told", "end"),
    [
        ("A mug. It is red", "A mug", "stop"),
        # The end is told apart only when the answer ends.
        ("A mug.", "A mug", "stop"),
        ("A mug", "A mug", "stop"),
        (". A", "", "stop"),
        ("A\n\nB and C", "A\n\nB", "stop"),
    ],
)
def test_write_ends_before_the_first_stop_text(text: str, told: str, end: FinishReason):
    results = iter([*ids(text), END])
    played = play_on(SKILLS.write(PROMPT, 99, stops=(".", " and", "x")), results)
    assert (said(played), played.end) == (told, end)


def test_stop_text_is_found_in_what_was_held_back_when_the_budget_ends():
    tokens = ids("A mu.g")
    played = play(SKILLS.write(PROMPT, len(tokens), stops=(".",)), [*tokens, *ids("s")])
    assert (said(played), played.end) == ("A mu", "stop")


def test_stop_texts_reach_the_answer_and_not_the_reasoning():
    results = iter([*ids("A. B"), ANSWER, *ids("y. n"), END])
    played = play_on(SKILLS.reason(PROMPT, 99, stops=(".",)), results)
    assert (played.thought.text, said(played)) == ("A. B", "y")


def test_grammar_bounds_the_answer_and_not_the_reasoning():
    (a,), (one,) = ids("A"), ids("1")
    grammar = GRAMMARS.compile('{"type":"integer"}').result()
    played = play(SKILLS.reason(PROMPT, 9, grammar=grammar), [a, ANSWER, one, END])
    masks = [wish.mask for wish in played.wishes if isinstance(wish, NextToken)]
    assert [mask is not None for mask in masks] == [False, False, True, True]
    first, second = (mask.result() for mask in masks[2:])
    assert (first[END // 8] & 1 << END % 8, second[END // 8] & 1 << END % 8) == (0, 1)


LONGER = {"a car": (31, 32), "a cup": (31, 33), "lamp": (41, 42)}
YES, NO = Choice("Yes", ((21,), (22,))), Choice("no", ((23,), (24,)))


def logs(*likelihoods: float) -> list[float]:
    return [log(each) for each in likelihoods]


def test_choices_of_one_token_each_take_no_step_beyond_the_prompt():
    played = play(SKILLS.choose(PROMPT, [YES, NO]), [logs(0.2, 0.1, 0.05, 0.05)])
    assert played.wishes == [Feed(tuple(PROMPT)), NextLikelihoods((21, 22, 23, 24))]
    (chosen,) = played.found
    assert chosen == Chosen("Yes", pytest.approx((0.75, 0.25)))
    assert played.end == "stop"


def test_choices_that_begin_alike_share_the_step_and_the_row_goes_back_behind_it():
    car, cup, lamp = (Choice(text, (path,)) for text, path in LONGER.items())
    results = [logs(0.5, 0.1), logs(0.2, 0.6), logs(0.5)]
    played = play(SKILLS.choose(PROMPT, [car, cup, lamp]), results)
    assert played.wishes == [
        *(Feed(tuple(PROMPT)), NextLikelihoods((31, 41))),
        *(Feed((31,)), NextLikelihoods((32, 33)), Forget(1)),
        *(Feed((41,)), NextLikelihoods((42,)), Forget(1)),
    ]
    shares = (0.1, 0.3, 0.05)
    (chosen,) = played.found
    assert chosen == Chosen("a cup", pytest.approx([each / sum(shares) for each in shares]))


def test_what_goes_on_as_a_longer_choice_does_not_count_for_the_shorter():
    red, car = Choice("red", ((51,),)), Choice("red car", ((51, 52),))
    (chosen,) = play(SKILLS.choose(PROMPT, [red, car]), [logs(0.8), logs(0.75)]).found
    assert chosen == Chosen("red car", pytest.approx((0.25, 0.75)))


def test_first_of_choices_that_are_equally_likely_is_the_answer():
    (chosen,) = play(SKILLS.choose(PROMPT, [NO, YES]), [logs(0.1, 0.1, 0.1, 0.1)]).found
    assert chosen == Chosen("no", (0.5, 0.5))


def test_reasoning_wishes_for_tokens_then_tells_its_thought_then_answers():
    (a,), (yes,) = ids("A"), ids("y")
    thinking = NextToken(banned=(CONFIG.eos_id, CONFIG.size_id))
    played = play(SKILLS.reason(PROMPT, 9), [a, COORDINATE, 0.25, ANSWER, yes, END])
    assert played.steps == [
        *(Feed(tuple(PROMPT)), NextToken()),
        *(Feed((a,)), thinking),
        *(NextCoordinate(), Feed((Coordinate(0.25),)), thinking),
        Thought("A", ()),
        # The prompt of the answer; from here on it is a text like any other.
        *(Feed((3,)), NextToken()),
        *(Feed((yes,)), NextToken(banned=(ANSWER,))),
        Text("y"),
    ]
    assert played.end == "stop"


def test_reasoning_that_uses_up_its_budget_drops_the_token_it_chose_last():
    played = play(SKILLS.reason(PROMPT, 2), [*ids("AB"), *ids("C"), END])
    assert (played.thought.text, played.fed) == ("AB", [*ids("AB"), 3])


@pytest.mark.parametrize("thought", [ids("ABCD"), [*ids("A"), ANSWER]])
def test_answer_after_reasoning_has_a_whole_budget_of_its_own(thought: list[int]):
    played = play(SKILLS.reason(PROMPT, 3), [*thought, *ids("wxyz")])
    assert (said(played), played.end) == ("wxy", "length")


def test_reasoning_does_not_end_at_the_end_id_when_that_comes_first():
    """Nothing is banned for the first token, and the reference goes on after it."""
    played = play(SKILLS.reason(PROMPT, 9), [END, *ids("A"), ANSWER, END])
    assert (played.thought.text, played.fed) == ("A", [END, *ids("A"), 3])


def points(*places: float) -> list[Result]:
    return [each for place in places for each in (COORDINATE, place)]


@pytest.mark.parametrize(
    ("thought", "text", "grounding"),
    [
        (ids("ab"), "ab", ()),
        ([*ids("ab"), *points(0.5)], "ab", ()),
        ([*ids("ab"), *points(0.1, 0.2)], "ab", [(0, 2, ((0.1, 0.2),))]),
        ([*ids("ab"), *points(0.1, 0.2, 0.3)], "ab", [(0, 2, ((0.1, 0.2),))]),
        (
            [*ids("ab"), GROUND, *points(0.1, 0.2, 0.3, 0.4), *ids("cup"), END_GROUND, *ids(".")],
            "abcup.",
            [(2, 5, ((0.1, 0.2), (0.3, 0.4)))],
        ),
        (
            [GROUND, *ids("a"), *points(0.1, 0.2), GROUND, *ids("bc"), *points(0.3, 0.4)],
            "abc",
            [(0, 1, ((0.1, 0.2),)), (1, 3, ((0.3, 0.4),))],
        ),
        # A pair is never made of two groups.
        ([GROUND, *points(0.1), END_GROUND, *points(0.2)], "", ()),
    ],
)
def test_reasoning_says_which_of_its_words_speak_of_which_points(
    thought: list[Result], text: str, grounding: Sequence[tuple]
):
    played = play(SKILLS.reason(PROMPT, 99), [*thought, ANSWER, END])
    assert played.thought == Thought(text, tuple(Grounding(*each) for each in grounding))


def test_detect_wishes_for_x_then_y_then_the_size_and_feeds_each_before_the_next():
    played = play(SKILLS.detect(PROMPT, 9), [COORDINATE, 0.5, 0.25, (0.5, 0.125), END])
    assert played.steps == [
        *(Feed(tuple(PROMPT)), NextToken(is_greedy=True)),
        *(NextCoordinate(), Feed((Coordinate(0.5),))),
        *(NextCoordinate(), Feed((Coordinate(0.25),))),
        # Told before the pass that only the next object needs.
        *(NextSize(), Box(0.25, 0.1875, 0.75, 0.3125), Feed((Size(0.5, 0.125),))),
        NextToken(is_greedy=True),
    ]


def test_point_wishes_for_x_then_y_and_feeds_each_before_the_next():
    played = play(SKILLS.point(PROMPT, 9), [COORDINATE, 0.5, 0.25, END])
    assert played.steps == [
        *(Feed(tuple(PROMPT)), NextToken(is_greedy=True)),
        *(NextCoordinate(), Feed((Coordinate(0.5),))),
        *(NextCoordinate(), Feed((Coordinate(0.25),))),
        *(Point(0.5, 0.25), NextToken(is_greedy=True)),
    ]


def test_box_that_reaches_beyond_the_frame_is_not_cut_off():
    played = play(SKILLS.detect(PROMPT, 9), [COORDINATE, 0.0, 0.75, (0.5, 1.0), END])
    assert played.found == [Box(-0.25, 0.25, 0.25, 1.25)]


@pytest.mark.parametrize("token", [ANSWER, CONFIG.size_id, *ids("y"), COORDINATE])
def test_any_token_but_the_end_means_another_object_and_is_not_fed(token: int):
    played = play(SKILLS.point(PROMPT, 9), [token, 0.1, 0.2, token, 0.3, 0.4, END])
    assert played.found == [Point(0.1, 0.2), Point(0.3, 0.4)]
    assert token not in played.fed


@pytest.mark.parametrize(
    ("n_objects", "max_objects", "last", "end"),
    [
        (0, 2, END, "stop"),
        (1, 2, END, "stop"),
        (2, 2, END, "stop"),
        (2, 2, COORDINATE, "length"),
    ],
)
def test_find_ends_at_the_end_id_or_with_as_many_objects_as_were_asked_for(
    n_objects: int, max_objects: int, last: int, end: FinishReason
):
    boxes = n_objects * [COORDINATE, 0.5, 0.5, (0.1, 0.1)]
    played = play(SKILLS.detect(PROMPT, max_objects), [*boxes, last])
    assert (len(played.found), played.end) == (n_objects, end)
