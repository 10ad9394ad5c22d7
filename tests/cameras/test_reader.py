"""What a camera's process makes of what comes: small enough frames, of its own address alone."""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Thread

import pytest
from PIL import Image

from tests.camera_server import CameraServer
from tests.server import EVENT_TIMEOUT_S

av = pytest.importorskip("av")

from cameras.reader import LONGER_SIDE_PX, BrokeOff, NoPicture, encode, read_frames, size_of  # noqa: E402


@pytest.fixture(params=["http", "rtsp", "rtsp h264"])
def camera(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    scheme, _, codec = request.param.partition(" ")
    camera = CameraServer(scheme, is_h264=bool(codec)).start()
    yield camera
    camera.cut()


def test_pictures_are_read_and_may_change_their_size(camera: CameraServer):
    frames = read_frames(camera.url)
    assert size_of(next(frames)) == (640, 480)
    camera.show("blue-square", 320, 240)
    assert (320, 240) in map(size_of, islice(frames, 20))
    frames.close()


def test_picture_is_handed_on_as_it_looks(camera: CameraServer):
    frames = read_frames(camera.url)
    jpeg, *_ = encode(next(frames))
    frames.close()
    sent, shown = Image.open(io.BytesIO(camera.jpeg)), Image.open(io.BytesIO(jpeg))
    bytes_of = [each.resize((16, 12)).tobytes() for each in (sent, shown)]
    assert max(abs(a - b) for a, b in zip(*bytes_of, strict=True)) < 24


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [(3840, 2160, (1280, 720)), (1080, 1920, (720, 1280)), (640, 480, (640, 480)), (8000, 2, None)],
)
def test_frame_is_made_small_enough(width: int, height: int, wanted: tuple[int, int] | None):
    jpeg, *size = encode(av.VideoFrame(width, height, "yuv420p"))
    assert tuple(size) == (wanted or (LONGER_SIDE_PX, 1))
    assert Image.open(io.BytesIO(jpeg)).size == tuple(size)


def test_whoever_has_no_password_is_refused(camera: CameraServer):
    camera.user_info = "me:secret"
    with pytest.raises(av.error.HTTPUnauthorizedError):
        next(read_frames(camera.url.replace("secret", "guess")))
    assert next(read_frames(camera.url)).width == 640


def test_camera_that_takes_connections_and_says_nothing_does_not_answer(camera: CameraServer):
    camera.mood = "mute"
    with pytest.raises((BrokeOff, av.error.ExitError)):
        next(read_frames(camera.url, open_s=0.5))


def test_camera_that_is_cut_breaks_off(camera: CameraServer):
    frames = read_frames(camera.url)
    next(frames)
    camera.cut()
    with pytest.raises(BrokeOff):
        list(frames)


def test_camera_that_sends_garbage_shows_no_picture(camera: CameraServer):
    camera.mood = "garbage"
    with pytest.raises(NoPicture):
        list(read_frames(camera.url))


@contextmanager
def answering(head: str, body: str = "") -> Iterator[str]:
    """An HTTP server that says the same to everybody; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(EVENT_TIMEOUT_S)
                        connection.recv(4096)
                        connection.sendall(said.encode())

        Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/live"
        listener.shutdown(socket.SHUT_RDWR)


def test_camera_leads_nobody_to_another_address():
    """The server opens what was named at its start: no redirect, no list, no file."""
    elsewhere = CameraServer("http").start()
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{elsewhere.url}\n"
    leads = [
        (f"302 Found\r\nLocation: {elsewhere.url}", ""),
        ("200 OK\r\nContent-Type: application/vnd.apple.mpegurl", playlist),
        ("200 OK\r\nContent-Type: text/plain", f"ffconcat version 1.0\nfile {elsewhere.url}\n"),
    ]
    n_before = elsewhere.n_taken
    for lead in leads:
        with answering(*lead) as url, pytest.raises((NoPicture, av.FFmpegError)):
            next(read_frames(url))
    assert elsewhere.n_taken == n_before
    elsewhere.cut()
