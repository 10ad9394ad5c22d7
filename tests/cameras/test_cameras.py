"""Cameras as they are: not there, cut, garbled, locked, and back again; a process for each."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from threading import Condition

import psutil
import pytest
from PIL import Image

from bench.memory import titled
from cameras.cameras import CameraThread, NetworkCameras
from protocol.camera import MAX_CAMERAS, CameraState, NamedCamera, Sight, Trouble
from protocol.errors import StartRefused
from tests.camera_server import CameraServer
from tests.server import EVENT_TIMEOUT_S

pytest.importorskip("av")

AT_ONCE = (0.05,)


class Watcher:
    """Looks through one camera and remembers all that it saw of it."""

    def __init__(self, camera: CameraServer, pauses_s: tuple[float, ...]) -> None:
        named = NamedCamera("Front door", camera.url)
        self.seen: list[Sight] = []
        self._changed = Condition()
        self.open: CameraThread | None = None
        self._cameras = NetworkCameras([named], pauses_s)
        self.open = self._cameras.open("Front door", self._note)
        self.close = self._cameras.close

    def wait_for(self, state: CameraState, is_so: Callable[[Sight], bool] = bool) -> Sight:
        """The next sight of that state of which this is so."""
        with self._changed:
            n_seen = len(self.seen)
            found: list[Sight] = []

            def has_come() -> bool:
                found[:] = [e for e in self.seen[n_seen:] if e.state is state and is_so(e)]
                return bool(found)

            assert self._changed.wait_for(has_come, EVENT_TIMEOUT_S), self.seen[-3:]
            return found[0]

    def _note(self) -> None:
        with self._changed:
            if self.open is not None:
                self.seen.append(self.open.sight)
            self._changed.notify_all()


@contextmanager
def watching(camera: CameraServer, pauses_s: tuple[float, ...] = AT_ONCE) -> Iterator[Watcher]:
    watcher = Watcher(camera, pauses_s)
    yield watcher
    watcher.close()


@pytest.fixture(params=["http", "rtsp"])
def camera(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    camera = CameraServer(request.param)
    yield camera
    camera.cut()


def readers() -> list[psutil.Process]:
    return titled(psutil.Process().children(), "cameras.reader")


def colour_of(sight: Sight) -> tuple[int, int, int]:
    assert sight.frame is not None
    image = Image.open(io.BytesIO(sight.frame.data))
    assert image.size == (sight.frame.width, sight.frame.height)
    return image.convert("RGB").getpixel((image.width // 2, image.height // 2))


def test_camera_is_lost_when_it_is_cut_and_seen_again_when_it_is_back(camera: CameraServer):
    """It is not there at first, then there, cut, back with another size, and let go of."""
    with watching(camera) as watcher:
        assert watcher.wait_for(CameraState.LOST).trouble is Trouble.UNANSWERED
        camera.start()
        watcher.wait_for(CameraState.LIVE)
        camera.cut()
        lost = watcher.wait_for(CameraState.LOST)
        assert (lost.trouble, lost.frame) == (Trouble.UNANSWERED, None)
        camera.show("blue-square", 320, 240)
        camera.start()
        assert watcher.wait_for(CameraState.LIVE).frame.width == 320
        [process] = readers()
        watcher.close()
        camera.wait_until_watched_by(0)
        process.wait(EVENT_TIMEOUT_S)
    assert not readers()


def test_newest_picture_is_seen_whatever_comes_before(camera: CameraServer):
    camera.start()
    with watching(camera) as watcher:
        watcher.wait_for(CameraState.LIVE)
        camera.show("blue-square", 1600, 1200)
        seen = watcher.wait_for(CameraState.LIVE, lambda sight: sight.frame.width == 1280)
        red, _, blue = colour_of(seen)
    assert blue > red


def test_garbage_is_no_picture(camera: CameraServer):
    camera.mood = "garbage"
    camera.start()
    with watching(camera) as watcher:
        lost = watcher.wait_for(CameraState.LOST, lambda each: each.trouble is Trouble.UNREADABLE)
        assert lost.frame is None
        camera.mood = "well"
        watcher.wait_for(CameraState.LIVE)


def test_process_that_breaks_off_is_started_again(camera: CameraServer):
    camera.start()
    with watching(camera) as watcher:
        watcher.wait_for(CameraState.LIVE)
        readers()[0].kill()
        watcher.wait_for(CameraState.LOST)
        watcher.wait_for(CameraState.LIVE)


def test_password_is_nowhere_to_be_seen(camera: CameraServer, caplog: pytest.LogCaptureFixture):
    camera.user_info = "me:secret"
    camera.start()
    with watching(camera) as watcher, caplog.at_level(logging.DEBUG):
        watcher.wait_for(CameraState.LIVE)
        assert "secret" not in " ".join(readers()[0].cmdline())
        camera.user_info = "me:changed"
        readers()[0].kill()
        watcher.wait_for(CameraState.LOST, lambda each: each.trouble is Trouble.REFUSED)
    assert "The camera Front door refuses the user and password" in caplog.text
    assert "secret" not in caplog.text
    assert str(camera.port) not in caplog.text


def test_pauses_grow():
    """Nobody is called more and more often, and nobody is forgotten."""
    pauses_s = (0.05, 0.1, 0.2)
    with watching(CameraServer("http"), pauses_s) as watcher:
        losses = [watcher.wait_for(CameraState.LOST) for _ in range(4)]
    waits = [b.retry_at - a.retry_at for a, b in pairwise(losses)]
    assert all(wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.2), strict=True))


def test_cameras_have_each_a_name_of_its_own_and_are_not_too_many():
    door = NamedCamera("Door", "rtsp://10.0.0.8/")
    with pytest.raises(StartRefused, match="Two cameras are named Door"):
        NetworkCameras([door, door])
    many = [NamedCamera(str(n), "rtsp://10.0.0.8/") for n in range(MAX_CAMERAS + 1)]
    assert len(NetworkCameras(many[1:]).names) == MAX_CAMERAS
    with pytest.raises(StartRefused, match=f"At most {MAX_CAMERAS}"):
        NetworkCameras(many)
