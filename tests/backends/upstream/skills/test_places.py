"""Boxes and points over a chat: asked for as JSON, read in the model's measure, or refused."""

import json

import pytest

from backends.upstream.model import UpstreamModel
from model import Model
from protocol.answer import FinishReason
from protocol.errors import UpstreamUnreadable
from protocol.frame import Frame
from protocol.places import Box, Point
from protocol.request import SamplingParams, Skill
from protocol.upstream import Coordinates, UpstreamParams
from tests.backends.upstream.chat_server import (
    ChatServer,
    hear,
    pictures_of,
    refuses,
    says,
    texts_of,
)
from tests.protocol.pictures import encoded

SIZE = (640, 480)
JPEG = encoded(size=SIZE)
FRAME = Frame(JPEG, *SIZE)


def boxes(*places: tuple[float, ...]) -> str:
    names = ("x_min", "y_min", "x_max", "y_max")
    return json.dumps({"objects": [dict(zip(names, each, strict=True)) for each in places]})


def found(backend: UpstreamModel, coordinates: Coordinates) -> list:
    """What is found in an answer that is known to be of this measure."""
    params = UpstreamParams(coordinates=coordinates)
    events = hear(backend, Skill.DETECT, object="mug", frame=FRAME, upstream=params)
    assert events[-1].error is None
    return [event.place for event in events[:-1]]


def test_boxes_are_asked_for_by_schema_and_in_words(model: Model, chat: ChatServer):
    chat.replies(says(boxes((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.75, 1))))
    assert list(model.detect(JPEG, "mug")) == [Box(0.1, 0.2, 0.3, 0.4), Box(0.5, 0.5, 0.75, 1)]
    schema = chat.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["objects"]["items"]["required"][0] == "x_min"
    assert "mug" in chat.asked
    assert '{"objects": [{"x_min": …, "y_min": …, "x_max": …, "y_max": …}]}' in chat.asked


def test_points_are_asked_for_likewise(model: Model, chat: ChatServer):
    chat.replies(says('{"points": [{"x": 0.25, "y": 0.5}]}'))
    assert list(model.point(JPEG, "mug")) == [Point(0.25, 0.5)]
    assert '{"points": [{"x": …, "y": …}]}' in chat.asked


def test_nothing_found_is_no_error(model: Model, chat: ChatServer):
    chat.replies(says('{"objects": []}'))
    assert list(model.detect(JPEG, "mug")) == []


@pytest.mark.parametrize(
    ("coordinates", "place", "words"),
    [
        (Coordinates.FRACTION, (0.25, 0.5, 0.5, 0.75), "fractions"),
        (Coordinates.THOUSAND, (250, 500, 500, 750), "0 to 1000"),
        (Coordinates.PIXEL, (160, 240, 320, 360), "pixels of this picture, which is 640 by 480"),
    ],
)
def test_measure_that_is_chosen_is_asked_for_and_read(
    backend: UpstreamModel,
    chat: ChatServer,
    coordinates: Coordinates,
    place: tuple[float, ...],
    words: str,
):
    chat.replies(says(boxes(place)))
    assert found(backend, coordinates) == [Box(0.25, 0.5, 0.5, 0.75)]
    assert words in chat.asked


def test_pixels_are_those_of_the_picture_as_it_is_sent(backend: UpstreamModel, chat: ChatServer):
    chat.replies(says(boxes((80, 120, 160, 180))))
    params = UpstreamParams(coordinates=Coordinates.PIXEL, longer_side_px=320)
    events = hear(backend, Skill.DETECT, frame=FRAME, upstream=params)
    assert events[0].place == Box(0.25, 0.5, 0.5, 0.75)
    assert "which is 320 by 240" in chat.asked


def test_measure_that_cannot_be_known_is_not_guessed(model: Model, chat: ChatServer):
    chat.replies(says(boxes((160, 240, 320, 360))))
    with pytest.raises(UpstreamUnreadable, match=r"Run the test .* It wrote: {\"objects\""):
        list(model.detect(JPEG, "mug"))
    assert len(chat.bodies) == 1


def test_what_cannot_be_read_is_asked_for_once_more(model: Model, chat: ChatServer):
    chat.replies(says("I see a mug."), says(boxes((0.1, 0.2, 0.3, 0.4))))
    answer = model.detect(JPEG, "mug")
    assert list(answer) == [Box(0.1, 0.2, 0.3, 0.4)]
    assert texts_of(chat.bodies[1])[1] == "I see a mug."
    assert "it holds no JSON" in chat.asked
    assert len(pictures_of(chat.bodies[1])) == 1
    assert answer.usage.prompt_tokens == 18


def test_what_cannot_be_read_twice_is_an_error_that_shows_it(model: Model, chat: ChatServer):
    chat.replies(says("I see\n a mug. " * 50))
    with pytest.raises(
        UpstreamUnreadable, match=r"as it holds no JSON: I see a mug\. I see"
    ) as failed:
        list(model.detect(JPEG, "mug"))
    assert len(chat.bodies) == 2
    assert len(failed.value.message) < 400


@pytest.mark.parametrize("place", [(0.1, 0.2, 0.1, 0.4), (0.1, 0.2, 1.5, 0.4)])
def test_box_that_cannot_be_is_asked_for_once_more(
    backend: UpstreamModel, chat: ChatServer, place: tuple[float, ...]
):
    chat.replies(says(boxes(place)), says(boxes((0.1, 0.2, 0.3, 0.4))))
    assert found(backend, Coordinates.FRACTION) == [Box(0.1, 0.2, 0.3, 0.4)]


def test_no_more_is_told_than_was_asked_for(model: Model, chat: ChatServer):
    chat.replies(says(boxes(*[(0.1, 0.2, 0.3, 0.4)] * 9)))
    assert len(list(model.detect(JPEG, "mug", SamplingParams(max_objects=2)))) == 2


def test_server_without_schemas_is_asked_in_words_alone(model: Model, chat: ChatServer):
    chat.reply = lambda body: (
        refuses("response_format is not supported")
        if "response_format" in body
        else says("Here: ```json\n" + boxes((0.1, 0.2, 0.3, 0.4)) + "\n```")
    )
    for _ in range(2):
        assert list(model.detect(JPEG, "mug")) == [Box(0.1, 0.2, 0.3, 0.4)]
    assert len(chat.bodies) == 3


def test_places_that_are_whole_are_told_where_the_answer_ran_out_of_tokens(
    model: Model, chat: ChatServer
):
    whole = boxes((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.75, 1))
    chat.replies(says(whole[:-20], reason="length"))
    answer = model.detect(JPEG, "mug")
    assert list(answer) == [Box(0.1, 0.2, 0.3, 0.4)]
    assert answer.finish_reason is FinishReason.LENGTH


def test_thoughts_before_the_places_are_left_out(model: Model, chat: ChatServer):
    chat.replies(says("A [mug]?</think>" + boxes((0.1, 0.2, 0.3, 0.4))))
    assert list(model.detect(JPEG, "mug")) == [Box(0.1, 0.2, 0.3, 0.4)]
