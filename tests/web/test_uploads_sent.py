"""Pictures are sent as files: by curl, by forms, by a page that captions every few seconds."""

import shutil
import subprocess

import pytest

from tests.protocol.pictures import encoded
from tests.server import EVENT_TIMEOUT_S, ROOT, Server, connect, over_the_wire
from tests.web.forms import BOUNDARY, CONTENT_TYPE, form, part, picture
from tests.web.http_client import Told, chunk, open_socket, post, raw_request

PICTURE = ROOT / "static" / "scenes" / "red-circle.png"
SCENE = PICTURE.read_bytes()
CAPTION = "A red circle on a white background."


def predict(server: Server, *parts: bytes) -> Told:
    return post(server, "/predict", form(*parts), CONTENT_TYPE)


def answer_to(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; the status and body of what comes back."""
    with open_socket(server) as connection:
        connection.sendall(request)
        told = b"".join(iter(lambda: connection.recv(2**16), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_page_that_captions_every_few_seconds_is_answered(demo_server):
    """It asks for /health first, and calls `toFixed` on the seconds."""
    assert demo_server.get("/health", Origin=f"{demo_server.url}")[0] == 200
    told = predict(demo_server, picture(SCENE))
    assert told.status == 200
    assert told.json.keys() == {"status", "caption", "inference_time"}
    assert (told.json["status"], told.json["caption"]) == ("success", CAPTION)
    assert 0 < told.json["inference_time"] < EVENT_TIMEOUT_S


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_a_file_and_gets_its_caption(demo_server):
    curl = ["curl", "-sS", "-F", f"file=@{PICTURE}", f"{demo_server.url}/predict"]
    told = subprocess.run(curl, timeout=EVENT_TIMEOUT_S, capture_output=True, check=True).stdout
    assert CAPTION.encode() in told


def test_length_of_the_caption_may_be_asked_for(demo_server):
    told = predict(demo_server, picture(SCENE), part("length", b"short"))
    assert told.json["caption"] == "A red circle."


def test_name_of_the_file_is_nothing_to_the_server(demo_server):
    name = "../../../../tmp/frame.jpg"
    assert predict(demo_server, picture(SCENE, filename=name)).json["caption"] == CAPTION


REFUSED = {
    "no picture": (form(part("length", b"short")), 400, "bad_image"),
    "an empty file": (form(picture(b"")), 400, "bad_image"),
    "a file that is no picture": (form(picture(b"hello")), 400, "bad_image"),
    "a picture cut short": (form(picture(encoded()[:-200])), 400, "bad_image"),
    "a picture over the limit": (form(picture(SCENE + bytes(10**6))), 413, "image_too_large"),
    "a text over the limit": (form(part("x", bytes(10**6))), 413, "body_too_large"),
    "two pictures": (form(picture(SCENE), picture(SCENE)), 400, "bad_request"),
    "too many parts": (form(*[part("x", b"")] * 100), 400, "bad_request"),
    "an end in the middle": (form(picture(SCENE))[:-60], 400, "bad_request"),
    "nothing": (b"", 400, "bad_request"),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_upload_that_cannot_be_read_is_refused_in_words(demo_server, body, status, code):
    told = post(demo_server, "/predict", body, CONTENT_TYPE)
    assert (told.status, told.json["status"], told.json["code"]) == (status, "error", code)
    assert told.json["message"].endswith(".")


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "text/plain"])
def test_upload_of_another_kind_is_refused(demo_server, content_type):
    told = post(demo_server, "/predict", SCENE, content_type)
    assert (told.status, told.json["status"]) == (415, "error")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_upload_without_a_boundary_is_refused(demo_server, content_type):
    told = post(demo_server, "/predict", form(picture(SCENE)), content_type)
    assert told.status == 400
    assert "boundary" in told.json["message"]


def test_upload_may_come_in_chunks_of_any_size(demo_server):
    body = form(picture(SCENE))
    chunks = b"".join(chunk(body[start : start + 97]) for start in range(0, len(body), 97))
    request = raw_request(
        "/predict", chunks + chunk(b""), CONTENT_TYPE, "Transfer-Encoding: chunked"
    )
    status, told = answer_to(demo_server, request)
    assert status == 200
    assert CAPTION.encode() in told


def test_upload_that_never_ends_is_refused_as_soon_as_its_picture_is_too_large(demo_server):
    """It was not waited for: what is refused here goes on and would never end."""
    start = form(picture(SCENE)).partition(b"\r\n--" + BOUNDARY.encode() + b"--")[0]
    endless = chunk(start) + chunk(bytes(2**17)) * 9
    request = raw_request("/predict", endless, CONTENT_TYPE, "Transfer-Encoding: chunked")
    with open_socket(demo_server) as connection:
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize("head", ["Content-Length: 10000000", "Transfer-Encoding: chunked"])
def test_upload_that_breaks_off_is_refused_or_forgotten(demo_server, head):
    request = raw_request("/predict", form(picture(SCENE))[:100], CONTENT_TYPE, head)
    with open_socket(demo_server) as connection:
        connection.sendall(request)
    assert predict(demo_server, picture(SCENE)).json["caption"] == CAPTION


def test_program_may_wait_for_a_word_before_it_sends(demo_server):
    body = form(picture(SCENE))
    heads = f"Content-Length: {len(body)}", "Expect: 100-continue"
    with open_socket(demo_server) as connection:
        connection.sendall(raw_request("/predict", b"", CONTENT_TYPE, *heads))
        assert connection.recv(2**10).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(body)
        told = b"".join(iter(lambda: connection.recv(2**16), b""))
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert CAPTION.encode() in told


@over_the_wire
async def test_upload_that_takes_its_time_delays_nobody(demo_server):
    request = raw_request("/predict", form(picture(SCENE)), CONTENT_TYPE)
    with open_socket(demo_server) as connection:
        connection.sendall(request[:-70])
        async with connect(demo_server) as anna:
            told = await anna.ask(question="What is it?", image=SCENE)
            assert told["answer"] == "I see a red circle."
        connection.sendall(request[-70:])
        assert connection.recv(12) == b"HTTP/1.1 200"
