"""Moondream's own clients, and whoever writes its HTTP API by hand, are answered by Moonsight."""

import json
import os
import socket
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.protocol.pictures import data_url, encoded
from tests.ray_cluster import RayCluster
from tests.server import LINE_TIMEOUT_S, ROOT, Server
from tests.web.forms import CONTENT_TYPE, form, part, picture
from tests.web.http_client import Told, open_socket, post, raw_request

PICTURE = ROOT / "static" / "scenes" / "red-circle-blue-square.png"
SCENE = PICTURE.read_bytes()
QUESTION, ANSWER = "What is left of the square?", "A red circle is left of the square."
CAPTION = "Two shapes on a white background: a red circle and a blue square."
CIRCLE, SQUARE = (0.25, 0.5), (0.75, 0.5)
ASKED = {"image_url": data_url(SCENE, "image/png"), "question": QUESTION}

# Beside the version that is installed, an older one lies in a folder of its own.
OLDER = Path(sys.prefix) / "moondream-1.2"
CLIENTS = {"2.6.1 /v1": "", "2.6.1 /v1/": "", "1.2.2 /v1": str(OLDER), "1.2.2 /v1/": str(OLDER)}


@pytest.fixture(scope="module", params=CLIENTS)
def told(demo_server: Server, request: pytest.FixtureRequest) -> dict:
    """What a client of moondream's was answered, by the name of what it asked."""
    version, path = request.param.split()
    run = subprocess.run(
        [sys.executable, "-m", "tests.web.ask_moondream", demo_server.url + path, str(PICTURE)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": CLIENTS[request.param]},
        timeout=LINE_TIMEOUT_S,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["version"] == version
    return told


def ask(server: Server, skill: str = "query", **values: object) -> Told:
    """Ask by hand, about the scene where nothing else is said."""
    return post(server, f"/v1/{skill}", ASKED | values)


def send(server: Server, path: str, *parts: bytes) -> Told:
    """Send a form."""
    return post(server, path, form(*parts), CONTENT_TYPE)


def lines(told: Told) -> list[dict]:
    """What a stream holds, as moondream's clients read it: the lines that begin so, exactly."""
    found = [line for line in told.body.decode().split("\n") if line.startswith("data: ")]
    return [json.loads(line[6:]) for line in found]


def is_near(place: dict, x: float, y: float) -> bool:
    return abs(place["x"] - x) < 0.05 and abs(place["y"] - y) < 0.05


def middle(box: dict) -> dict:
    return {axis: (box[f"{axis}_min"] + box[f"{axis}_max"]) / 2 for axis in "xy"}


def test_client_is_answered(told: dict):
    assert told["query"] == {"answer": ANSWER}


def test_client_is_answered_in_pieces(told: dict):
    assert "".join(told["query in pieces"]) == ANSWER
    assert "".join(told["caption in pieces"]) == told["long caption"]["caption"]


def test_client_gets_an_answer_in_more_than_one_piece(told: dict, cluster: RayCluster | None):
    if cluster is not None:
        pytest.skip("What comes within 20 ms leaves a replica together; the demo writes faster.")
    assert len(told["caption in pieces"]) > 1


def test_client_may_ask_without_a_picture(told: dict):
    assert told["query without a picture"]["answer"].startswith("I need a picture.")


def test_settings_of_a_client_reach_the_model(told: dict):
    assert told["short query"] == {"answer": "A red"}
    assert len(told["detect one"]["objects"]) == 1


def test_client_that_asks_for_reasoning_is_told_it(told: dict):
    reasoning = told["query that reasons"]["reasoning"]
    assert reasoning.keys() == {"text", "grounding"}
    assert isinstance(reasoning["text"], str)


def test_reasoning_is_no_piece_of_an_answer(told: dict):
    assert "".join(told["reasoning in pieces"]) == told["query that reasons"]["answer"]


def test_client_gets_captions_of_every_length(told: dict):
    captions = [told[name]["caption"] for name in ("short caption", "caption", "long caption")]
    assert captions[1] == CAPTION
    assert captions == sorted(captions, key=len)
    assert len(set(captions)) == 3


def test_client_finds_objects(told: dict):
    (box,) = told["detect"]["objects"]
    assert is_near(middle(box), *CIRCLE)
    assert told["detect nothing"] == {"objects": []}


def test_client_finds_points(told: dict):
    (point,) = told["point"]["points"]
    assert is_near(point, *SQUARE)


def test_client_may_speak_of_places(told: dict):
    if told["version"].startswith("1."):
        assert "query about a place" not in told
        return
    assert told["query about a place"]["answer"]
    assert is_near(told["point with a place"]["points"][0], *SQUARE)


@pytest.mark.parametrize("name", ["segment", "segment in pieces"])
def test_client_that_wants_an_outline_hears_that_there_is_none(told: dict, name: str):
    assert told[name]["status"] == 501
    assert told[name]["error"]["code"] == "unsupported"


def test_client_that_asks_wrongly_hears_why(told: dict):
    assert told["empty question"]["status"] == 400
    assert "empty" in told["empty question"]["error"]["message"]


def test_live_demo_is_answered_with_a_key_that_nobody_knows(demo_server):
    told = post(demo_server, "/v1/query", ASKED, Authorization="Bearer whatever")
    assert told.json["answer"] == ANSWER


@pytest.mark.parametrize(
    ("skill", "values", "names"),
    [
        ("query", {}, {"answer"}),
        ("query", {"choices": ["yes", "no"]}, {"answer", "choice", "probabilities"}),
        ("caption", {}, {"caption"}),
        ("detect", {"object": "circle"}, {"objects"}),
        ("point", {"object": "circle"}, {"points", "count"}),
    ],
)
def test_answer_says_what_it_took_and_who_gave_it(demo_server, skill, values, names):
    told = ask(demo_server, skill, **values).json
    about = {"request_id", "finish_reason", "usage", "timings", "model"}
    assert told.keys() == names | about
    assert (told["finish_reason"], told["model"]) == ("stop", "demo")


def test_number_of_points_is_told(demo_server):
    assert ask(demo_server, "point", object="shape").json["count"] == 2


@pytest.mark.parametrize("skill", ["detect", "point"])
def test_object_may_be_called_obj(demo_server, skill):
    told = ask(demo_server, skill, obj="red circle").json
    assert len(told.get("objects") or told["points"]) == 1


def test_bare_base64_is_a_picture(demo_server):
    assert ask(demo_server, image_url=b64encode(SCENE).decode()).json["answer"] == ANSWER


def test_any_model_may_be_named(demo_server):
    assert ask(demo_server, model="moondream3-preview").json["model"] == "demo"


def test_answer_ends_before_a_text_that_stops_it(demo_server):
    assert ask(demo_server, settings={"stop": " left"}).json["answer"] == "A red circle is"


def test_answer_is_json_that_fits_the_schema_that_is_asked_for(demo_server):
    colour = {"enum": ["red", "blue"]}
    schema = {"type": "object", "properties": {"colour": colour}, "required": ["colour"]}
    told = ask(demo_server, settings={"json_schema": schema | {"additionalProperties": False}})
    assert json.loads(told.json["answer"])["colour"] in colour["enum"]


@pytest.mark.parametrize("schema", ["{}", [], {"type": "colour"}, {"$ref": "#/nowhere"}])
def test_schema_that_nothing_can_fit_is_refused(demo_server, schema):
    told = ask(demo_server, settings={"json_schema": schema})
    assert (told.status, told.json["error"]["code"]) == (400, "bad_request")


def test_stream_comes_as_events_and_ends_with_the_whole_answer(demo_server):
    told = ask(demo_server, stream=True)
    *chunks, last = lines(told)
    assert told.headers["Content-Type"].startswith("text/event-stream")
    assert {name for each in chunks for name in each} == {"chunk"}
    assert (last["completed"], last["answer"]) == (True, ANSWER)


def test_places_come_one_by_one_and_end_with_all_of_them(demo_server):
    told = ask(demo_server, "detect", stream=True, object="shape")
    *found, end = lines(told)
    assert end["completed"] is True
    assert [each["found"] for each in found] == end["objects"]
    assert end["objects"]


def test_stream_that_cannot_begin_is_an_error_and_no_stream(demo_server):
    told = ask(demo_server, stream=True, image_url=data_url(b"\xff\xd8 no picture"))
    assert told.status == 400
    assert told.json["error"]["code"] == "bad_image"


ADDRESSES = [
    "http://127.0.0.1:1/x.jpg",
    "https://example.org/x.jpg",
    "file:///etc/passwd",
    "ftp://x",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_picture_elsewhere_is_never_fetched(demo_server, address):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        port = elsewhere.getsockname()[1]
        told = ask(demo_server, image_url=address.replace(":1/", f":{port}/"))
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert told.status == 400
    assert "nothing is fetched" in told.json["error"]["message"]


REFUSED = {
    "no JSON": (b"hello", 400, "bad_request"),
    "no object": (b"[]", 400, "bad_request"),
    "nothing": (b"", 400, "bad_request"),
    "a field twice": (b'{"question": "a", "question": "b"}', 400, "bad_request"),
    "JSON nested too deep": (b'{"question":' + b"[" * 100_000, 400, "bad_request"),
    "no question": ({"image_url": ASKED["image_url"]}, 400, "bad_request"),
    "a question of a wrong type": ({"question": ["What?"]}, 400, "bad_request"),
    "a setting out of its range": (ASKED | {"settings": {"top_p": 2}}, 400, "bad_request"),
    "a picture that is none": (ASKED | {"image_url": "data:image/png;base64,"}, 400, "bad_image"),
    "a picture cut short": (ASKED | {"image_url": data_url(encoded()[:-200])}, 400, "bad_image"),
    "a picture over the limit": (
        ASKED | {"image_url": data_url(encoded() + bytes(10**6))},
        413,
        "image_too_large",
    ),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_body_that_cannot_be_read_is_refused_in_words(demo_server, body, status, code):
    told = post(demo_server, "/v1/query", body)
    assert (told.status, told.json["error"]["code"]) == (status, code)
    assert told.json["error"]["message"].endswith(".")


@pytest.mark.parametrize("skill", ["query", "caption", "detect", "point"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_body_of_another_kind_is_refused(demo_server, skill, content_type):
    told = post(demo_server, f"/v1/{skill}", json.dumps(ASKED).encode(), content_type)
    assert (told.status, told.json["error"]["code"]) == (415, "wrong_media_type")


@pytest.mark.parametrize("skill", ["query", "caption", "detect", "point", "segment"])
def test_skill_is_asked_by_post_alone(demo_server, skill):
    status, headers, body = demo_server.get(f"/v1/{skill}")
    assert (status, json.loads(body)["error"]["code"]) == (405, "wrong_method")
    assert "POST" in headers["Allow"]


def test_picture_is_never_sent_back(demo_server):
    told = ask(demo_server, question=5)
    assert ASKED["image_url"][100:200].encode() not in told.body


@pytest.mark.parametrize(
    ("skill", "parts", "told"),
    [
        ("query", [part("question", QUESTION.encode())], {"answer": ANSWER}),
        ("caption", [part("length", b"normal")], {"caption": CAPTION}),
        ("detect", [part("object", b"green star")], {"objects": []}),
        ("point", [part("obj", b"green star")], {"points": [], "count": 0}),
        (
            "query",
            [part("question", b"Is it a star?"), part("choices", b"yes"), part("choices", b"no")],
            {"choice": "no"},
        ),
        (
            "query",
            [part("question", QUESTION.encode()), part("settings", b'{"max_tokens": 2}')],
            {"answer": "A red", "finish_reason": "length"},
        ),
    ],
)
def test_form_asks_what_json_asks(demo_server, skill, parts, told):
    answer = send(demo_server, f"/v1/{skill}", picture(SCENE), *parts)
    assert answer.json.items() >= told.items()


def test_form_is_answered_in_pieces_where_it_asks_for_it(demo_server):
    asked = part("question", QUESTION.encode()), part("stream", b"true")
    told = lines(send(demo_server, "/v1/query", picture(SCENE), *asked))
    assert "".join(each.get("chunk", "") for each in told) == ANSWER


def test_question_of_a_form_needs_no_picture(demo_server):
    told = send(demo_server, "/v1/query", part("question", b"What is it?"))
    assert told.json["answer"].startswith("I need a picture.")


def test_words_of_a_stream_leave_one_by_one(server: Server):
    """Each is on its way before the next was thought of."""
    asked = {"question": "Go on.", "stream": True, "settings": {"max_tokens": 400}}
    request = raw_request("/v1/query", json.dumps(asked).encode(), "application/json")
    with open_socket(server) as connection:
        connection.sendall(request)
        told = list(iter(lambda: connection.recv(2**16), b""))
    assert len(told) > 20
