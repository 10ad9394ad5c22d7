"""What stands at each position of a prompt, in the words of the published checkpoint."""

from collections.abc import Callable

import pytest

from moondream2.choices import Choice
from moondream2.config import Template, Templates, TokenizerConfig
from moondream2.network import Coordinate, Input, Size
from moondream2.prompts import ChoiceUnwritable, Prompts, SkillMissing
from moondream2.tokenizer import Tokenizer
from protocol.choices import spellings
from tests.checkpoint_folders import PARITY, write_poor_tokenizer

TOKENIZER = Tokenizer.from_file(PARITY / "tokenizer.json")
PROMPTS = Prompts(TokenizerConfig(), TOKENIZER)
LACKING = Prompts(TokenizerConfig(templates=Templates(None, None, None, None)), TOKENIZER)
BOS, ANSWER, THINKING = 0, 3, 4
QUERY = [1, 15381, 2]


def ids(text: str) -> list[int]:
    return TOKENIZER.encode(text)


@pytest.mark.parametrize(
    ("with_picture", "reasoning", "start", "end"),
    [
        # The suffix stands twice: the published weights were asked that way.
        (True, False, QUERY, [ANSWER, ANSWER]),
        (True, True, QUERY, [ANSWER, THINKING]),
        # With a picture its prefix has begun the row with BOS.
        (False, False, [BOS, *QUERY], [ANSWER, ANSWER]),
        (False, True, [BOS, *QUERY], [ANSWER, THINKING]),
    ],
)
def test_query_stands_between_its_template_and_what_begins_the_answer(
    with_picture: bool, reasoning: bool, start: list[Input], end: list[Input]
):
    prompt = PROMPTS.query("A cup?", with_picture=with_picture, reasoning=reasoning)
    assert prompt == [*start, *ids("A cup?"), *end]


@pytest.mark.parametrize("question", [" two  spaces ", "\n", "灯在哪里？", ""])
def test_question_is_asked_as_it_was_typed(question: str):
    assert PROMPTS.query(question) == [*QUERY, *ids(question), ANSWER, ANSWER]


@pytest.mark.parametrize(
    ("ref", "places"),
    [
        ((0.25, 0.75), [Coordinate(0.25), Coordinate(0.75)]),
        (
            (0.125, 0.25, 0.625, 1.0),
            [Coordinate(0.375), Coordinate(0.625), Size(0.5, 0.75)],
        ),
        ((0.5, 0.5, 0.5, 0.5), [Coordinate(0.5), Coordinate(0.5), Size(0.0, 0.0)]),
    ],
    ids=["point", "box", "box of no size"],
)
def test_point_is_its_coordinates_and_box_its_centre_and_size(
    ref: tuple[float, ...], places: list[Input]
):
    assert PROMPTS.query("A cup?", spatial_refs=[ref])[len(QUERY) :][: len(places)] == places


@pytest.mark.parametrize("reasoning", [False, True])
def test_places_stand_before_the_question_in_the_order_given(reasoning: bool):
    refs = [(0.5, 0.25), (0.0, 0.0, 1.0, 0.5), (0.125, 0.75)]
    prompt = PROMPTS.query("A cup?", reasoning=reasoning, spatial_refs=refs)
    assert prompt == [
        *QUERY,
        *(Coordinate(0.5), Coordinate(0.25)),
        *(Coordinate(0.5), Coordinate(0.25), Size(1.0, 0.5)),
        *(Coordinate(0.125), Coordinate(0.75)),
        *ids("A cup?"),
        *(ANSWER, THINKING if reasoning else ANSWER),
    ]


def test_answer_after_reasoning_begins_with_the_suffix_once():
    assert PROMPTS.answer_after_reasoning() == [ANSWER]


def test_choice_is_each_of_its_spellings_in_tokens():
    choice = PROMPTS.choice("cup", ("cup", " Cup", "🙂"))
    assert choice == Choice("cup", tuple(map(tuple, map(ids, ("cup", " Cup", "🙂")))))


def test_choice_that_looks_like_a_control_token_is_plain_text():
    (spelling,) = PROMPTS.choice("<|endoftext|>", ("<|endoftext|>",)).spellings
    assert len(spelling) > 1
    assert BOS not in spelling


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Prompts:
    path = write_poor_tokenizer(tmp_path_factory.mktemp("poor") / "tokenizer.json")
    return Prompts(TokenizerConfig(), Tokenizer.from_file(path))


def test_choice_has_those_spellings_that_the_tokenizer_can_write(poor: Prompts):
    assert len(poor.choice("quiz", spellings("quiz")).spellings) == 2


@pytest.mark.parametrize("text", ["Q", "é", "a 🙂", "QQ?"])
def test_choice_that_the_tokenizer_cannot_write_is_refused(poor: Prompts, text: str):
    with pytest.raises(ChoiceUnwritable):
        poor.choice(text, (text, f" {text}"))


@pytest.mark.parametrize(
    ("length", "prompt"),
    [
        ("short", [1, 32708, 2, 12492, 3]),
        ("normal", [1, 32708, 2, 6382, 3]),
        ("long", [1, 32708, 2, 4059, 3]),
    ],
)
def test_caption_is_its_template_alone(length: str, prompt: list[Input]):
    assert PROMPTS.caption(length) == prompt


def test_captions_are_as_long_as_the_templates_say():
    assert PROMPTS.caption_lengths == ("short", "normal", "long")
    assert LACKING.caption_lengths == ()


@pytest.mark.parametrize(
    ("ask", "prefix"), [(PROMPTS.detect, [1, 7235, 476, 2]), (PROMPTS.point, [1, 2581, 2])]
)
def test_object_follows_a_space_and_the_suffix_stands_once(ask: Callable, prefix: list[Input]):
    assert ask("red cup") == [*prefix, *ids(" red cup"), ANSWER]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda prompts: prompts.query("A cup?"), "This model cannot query."),
        (lambda prompts: prompts.answer_after_reasoning(), "This model cannot query."),
        (lambda prompts: prompts.detect("cup"), "This model cannot detect."),
        (lambda prompts: prompts.point("cup"), "This model cannot point."),
        (lambda prompts: prompts.caption("short"), "This model writes no short captions."),
    ],
)
def test_skill_without_a_template_is_missing_and_says_so(ask: Callable, sentence: str):
    with pytest.raises(SkillMissing) as missing:
        ask(LACKING)
    assert str(missing.value) == sentence


def test_caption_of_a_length_without_a_template_is_missing_beside_those_that_are_there():
    short = Prompts(TokenizerConfig(templates=Templates(caption={"short": (1, 2)})), TOKENIZER)
    assert short.caption("short") == [1, 2]
    with pytest.raises(SkillMissing, match="writes no long captions"):
        short.caption("long")


def test_prompt_is_written_in_the_ids_of_its_checkpoint():
    templates = Templates(query=Template((31, 32), (33, 34)))
    other = Prompts(TokenizerConfig(bos_id=11, thinking_id=14, templates=templates), TOKENIZER)
    assert other.query("", with_picture=False) == [11, 31, 32, 33, 34, 33, 34]
    assert other.query("", reasoning=True) == [31, 32, 33, 34, 14]
