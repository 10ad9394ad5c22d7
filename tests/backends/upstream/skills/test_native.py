"""Moonsight behind Moonsight: all that the one can do, the other can."""

from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from backends.upstream.model import UpstreamModel
from model import Model
from protocol.answer import FinishReason
from protocol.errors import BadImage, BadRequest
from protocol.frame import check_frame
from protocol.places import overlap
from protocol.request import SamplingParams, Skill
from protocol.upstream import UpstreamParams
from settings import Settings
from tests.backends.upstream.chat_server import hear
from tests.server import Server

SCENES = Path(__file__).parents[4] / "static/scenes"
SQUARE = SCENES / "blue-square.png"


def test_question_is_answered_word_by_word(far_model: Model):
    # A machine that stood still for a moment sends those that were written meanwhile together.
    for _ in range(3):
        answer = far_model.query(SQUARE, "What do you see in this picture?")
        words = list(answer)
        if len(words) > 1:
            break
    assert len(words) > 1
    assert "blue square" in "".join(words).lower()
    assert answer.finish_reason is FinishReason.STOP
    assert answer.usage.prompt_tokens > 0
    assert answer.timings.encode_ms > 0


def test_answer_of_few_tokens_ends_with_length(far_model: Model):
    answer = far_model.caption(SQUARE, "long", SamplingParams(max_tokens=2))
    assert "".join(answer)
    assert answer.finish_reason is FinishReason.LENGTH


def test_choices_have_probabilities(far_model: Model):
    choice = far_model.choose(SQUARE, "Is there a square?", ("yes", "no"))
    assert choice.choice == "yes"
    assert sum(choice.probabilities) == pytest.approx(1)


def test_places_are_those_of_the_picture(far_model: Model):
    boxes = list(far_model.detect(SQUARE, "blue square"))
    points = list(far_model.point(SQUARE, "blue square"))
    assert len(boxes) == len(points) == 1
    assert boxes[0].x_min < points[0].x < boxes[0].x_max


def test_larger_picture_is_sent_smaller_and_its_places_stay(far_model: Model):
    with Image.open(SQUARE) as small:
        large = small.convert("RGB").resize((2400, 2400 * small.height // small.width))
    small_box, large_box = (next(far_model.detect(each, "blue square")) for each in (SQUARE, large))
    assert overlap(small_box, large_box) > 0.8


def test_reasoning_comes_before_the_answer(far_model: Model):
    answer = far_model.query(SQUARE, "How many squares are there?", is_reasoning=True)
    assert "".join(answer)
    assert answer.reasoning is not None


def test_json_keeps_to_its_schema(far_model: Model):
    schema = {"enum": ["blue", "red"]}
    answer = far_model.query(SQUARE, "Which colour?", json_schema=schema)
    assert "".join(answer).strip() in ('"blue"', '"red"')


def test_what_is_refused_there_is_refused_here_in_the_same_words(far_model: Model):
    schema = {"$ref": "#/nowhere"}
    with pytest.raises(BadRequest, match="The JSON schema cannot be used"):
        list(far_model.query(None, "What?", json_schema=schema))


def test_damaged_picture_is_refused_as_one(far_model: Model):
    whole = BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(whole, "JPEG")
    with pytest.raises(BadImage):
        list(far_model.caption(whole.getvalue()[:4000]))


def test_text_alone_is_answered(far_model: Model):
    assert "".join(far_model.query(None, "What can you do?"))


def test_instruction_stands_in_front_of_the_question_and_words_replace_a_description(
    demo_server: Server,
):
    with closing(UpstreamModel(Settings(upstream=(demo_server.url,)))) as backend:
        frame = check_frame(SQUARE.read_bytes(), Settings().frame_limits)
        params = UpstreamParams(instruction="Look closely.", caption="Is there a circle?")
        asked = {"frame": frame, "upstream": params}
        plain = hear(backend, Skill.QUERY, **asked | {"upstream": UpstreamParams()})[-1]
        told = hear(backend, Skill.QUERY, **asked)[-1]
        described = hear(backend, Skill.CAPTION, **asked)[-1]
    assert told.usage.prompt_tokens > plain.usage.prompt_tokens
    assert described.result.caption.lower().startswith("no")
