"""The test of a model: each thing is tried, told in plain words, and remembered."""

import json
from contextlib import closing

import pytest

from backends.upstream.model import UpstreamModel
from backends.upstream.skills.drawn import (
    COLORS,
    HEIGHT_PX,
    SQUARE_BOX,
    WIDTH_PX,
    draw_square,
)
from protocol.answer import FinishReason
from protocol.formats.data_url import encode_data_url
from protocol.pieces import Checked
from protocol.places import overlap
from protocol.request import SamplingParams, Skill
from protocol.upstream import Abilities, Coordinates, UpstreamParams
from settings import Settings
from tests.backends.upstream.chat_server import (
    MODEL,
    Body,
    ChatServer,
    Reply,
    answers,
    as_sent,
    hear,
    pictures_of,
    refuses,
    says,
    texts_of,
    thinks,
)
from tests.backends.upstream.connected import QUICK
from tests.server import Server, free_port

FRACTIONS = (SQUARE_BOX.x_min, SQUARE_BOX.y_min, SQUARE_BOX.x_max, SQUARE_BOX.y_max)
PLACES = {
    Coordinates.FRACTION: FRACTIONS,
    Coordinates.THOUSAND: tuple(round(1000 * each) for each in FRACTIONS),
    Coordinates.PIXEL: tuple(
        round(each * side) for each, side in zip(FRACTIONS, (WIDTH_PX, HEIGHT_PX) * 2, strict=True)
    ),
}
SEES = "Sees pictures: it called the red square red and the blue square blue"
# What each picture shows, by its text in a chat.
SEEN = {encode_data_url(as_sent(draw_square(color), UpstreamParams())): color for color in COLORS}
NOT_TRIED = (None, "Not tried", "")


class Talent:
    """A model that can do everything, but for what a test takes from it."""

    def __init__(self) -> None:
        # Of every square, where a test says so.
        self.color: Reply | None = None
        self.counts: Reply = says("one", " two")
        self.place = PLACES[Coordinates.FRACTION]

    def __call__(self, body: Body) -> Reply:
        question = texts_of(body)[-1]
        if "colour" in question:
            return self.color or says(SEEN[pictures_of(body)[0]].title(), ".")
        if "Count" in question:
            return self.counts
        return says(json.dumps({"objects": [list(self.place)] if self.place else []}))


@pytest.fixture
def talent(chat: ChatServer) -> Talent:
    chat.reply = Talent()
    return chat.reply


def checks(backend: UpstreamModel, **fields: object) -> dict[str, tuple]:
    """How each step went, and its words."""
    *told, end = hear(backend, Skill.CHECK, **fields)
    assert end.reason is FinishReason.STOP
    assert end.result.checks == tuple(told)
    assert all(isinstance(each, Checked) for each in told)
    return {each.what: (each.is_well, each.words, each.remedy) for each in told}


def abilities(backend: UpstreamModel) -> Abilities:
    (known,) = backend.status.upstream.abilities
    return known


def test_everything_that_works_is_told_in_plain_words(backend: UpstreamModel, talent: Talent):
    told = checks(backend)
    assert told.pop("reached")[1].startswith("Reached in ")
    assert told == {
        "key": (True, "No key was asked for", ""),
        "model": (True, f"{MODEL} is there", ""),
        "sees": (True, SEES, ""),
        "streams": (True, "Answers arrive word by word", ""),
        "places": (True, "Finds things: its box fits the square", ""),
    }
    assert abilities(backend) == Abilities(
        MODEL, sees=True, streams=True, coordinates=Coordinates.FRACTION
    )


@pytest.mark.parametrize("coordinates", PLACES)
def test_measure_is_learnt_and_used_from_then_on(
    backend: UpstreamModel, talent: Talent, coordinates: Coordinates
):
    talent.place = PLACES[coordinates]
    checks(backend)
    assert abilities(backend).coordinates is coordinates
    found = hear(backend, Skill.DETECT, frame=draw_square())[0].place
    assert overlap(found, SQUARE_BOX) > 0.95


@pytest.mark.parametrize("place", [None, (0.1, 0.1, 0.2, 0.2), (1, 2), (5e5, 5e5, 6e5, 6e5)])
def test_finding_is_left_out_where_no_place_fits(
    backend: UpstreamModel, talent: Talent, place: tuple | None
):
    talent.place = place
    is_well, _, remedy = checks(backend)["places"]
    assert is_well is False
    assert remedy.startswith("Find and Point are left out.")
    reason = "no places came back in the test"
    assert abilities(backend).missing == (("detect", reason), ("point", reason))


def test_model_that_reads_text_only_is_told_so(
    backend: UpstreamModel, talent: Talent, chat: ChatServer
):
    chat.reply = lambda body: (
        refuses("image input is not supported") if pictures_of(body) else talent(body)
    )
    told = checks(backend)
    assert told["sees"] == (
        False,
        "It reads text only",
        "Choose a model that sees.",
    )
    assert told["places"] == NOT_TRIED
    assert told["streams"][0] is True
    assert abilities(backend).sees is False


def test_model_that_was_text_only_is_asked_again_after_a_test(
    backend: UpstreamModel, talent: Talent, chat: ChatServer
):
    talent.color = refuses("image input is not supported")
    checks(backend)
    talent.color = None
    assert checks(backend)["sees"][0] is True
    assert abilities(backend).missing == ()


def test_colour_that_is_wrong_is_told_as_it_came(backend: UpstreamModel, talent: Talent):
    talent.color = says("Blue.")
    assert checks(backend)["sees"] == (
        False,
        "It called the red square Blue",
        "Choose a model that sees.",
    )
    assert abilities(backend).sees is None


def test_whoever_sees_nothing_and_guesses_is_found_out(backend: UpstreamModel, talent: Talent):
    """Servers that leave pictures out without a word let their models guess: red, mostly."""
    talent.color = says("Red")
    assert checks(backend)["sees"][1] == "It called the blue square Red"
    assert abilities(backend).sees is None


def test_server_that_does_not_stream_is_told_so(backend: UpstreamModel, talent: Talent):
    talent.counts, talent.color = answers("one two three"), answers("Red")
    assert checks(backend)["streams"] == (
        False,
        "Answers arrive whole, not word by word",
        "The server does not stream. Choose a model that does, or wait for whole answers.",
    )
    assert abilities(backend).streams is False


def test_model_that_thinks_for_long_is_there_and_streams_as_its_next_answer_does(
    backend: UpstreamModel, talent: Talent
):
    talent.counts = thinks("Hm. ", "One?", then=says(reason="length"))
    told = checks(backend)
    assert told["model"][0] is told["streams"][0] is True
    talent.color = thinks("Hm.", then=says(reason="length"))
    told = checks(backend)
    assert told["sees"][0] is False
    assert told["streams"] == NOT_TRIED


def test_key_that_is_refused_stops_the_test_there(backend: UpstreamModel, chat: ChatServer):
    chat.replies(refuses("Invalid key", 401))
    told = checks(backend)
    assert told["reached"][0] is True
    assert told["key"] == (
        False,
        f"{chat.host} wants a key",
        "Set MOONSIGHT_UPSTREAM_KEY, start again.",
    )
    assert {told[what] for what in ("model", "sees", "streams", "places")} == {NOT_TRIED}


def test_model_that_is_not_there_is_told_so(backend: UpstreamModel, chat: ChatServer):
    chat.replies(refuses("The model does not exist", 404))
    told = checks(backend, upstream=UpstreamParams(model="llava"))
    assert told["model"] == (
        False,
        f"{chat.host} has no model named llava",
        "Choose another.",
    )
    assert told["sees"] == NOT_TRIED


def test_failure_without_a_remedy_of_its_own_leads_to_the_servers_log(
    backend: UpstreamModel, chat: ChatServer
):
    chat.replies(refuses("It is broken"))
    assert checks(backend)["model"] == (
        False,
        f"{chat.host} refused this: It is broken",
        "Look into the server's own log for more.",
    )


def test_persons_wishes_do_not_stand_in_the_way(
    backend: UpstreamModel, talent: Talent, chat: ChatServer
):
    params = UpstreamParams(instruction="Answer in French.")
    checks(backend, upstream=params, sampling=SamplingParams(max_tokens=1))
    assert {len(texts_of(body)) for body in chat.bodies} == {1}
    assert min(body["max_tokens"] for body in chat.bodies) > 1


def test_what_was_known_stays_where_the_server_cannot_be_reached(chat: ChatServer):
    chat.reply = Talent()
    with closing(UpstreamModel(Settings(upstream=(chat.url,)), QUICK)) as backend:
        checks(backend)
        known = abilities(backend)
        chat.is_open = False
        assert checks(backend)["reached"][0] is False
        assert abilities(backend) == known


def test_server_that_is_not_there_is_told_so(chat: ChatServer):
    with closing(UpstreamModel(Settings(upstream=(f"http://127.0.0.1:{free_port()}",)))) as backend:
        told = checks(backend)
    assert told["reached"][0] is False
    assert told["reached"][2] == "Is it running?"
    assert told["key"] == NOT_TRIED


def test_another_moonsight_passes(demo_server: Server):
    with closing(UpstreamModel(Settings(upstream=(demo_server.url,)))) as backend:
        told = checks(backend)
        assert {is_well for is_well, _, _ in told.values()} == {True}, told
        assert abilities(backend) == Abilities("demo", sees=True, streams=True)
