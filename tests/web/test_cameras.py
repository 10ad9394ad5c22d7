"""Pages look through cameras of the network: each is open once, and only while somebody looks."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from protocol.camera import CameraFrame, CameraState, Sight, Trouble
from tests.camera_server import CameraServer
from tests.server import Server, connect, over_the_wire, serve
from web.cameras import CameraViews

pytestmark = pytest.mark.apart


@dataclass
class FakeCamera:
    """One that shows what a test says."""

    on_change: Callable[[], None]
    sight: Sight = field(default_factory=lambda: Sight(CameraState.OPENING))
    is_closed: bool = False

    def show(self, n: int) -> None:
        self.become(Sight(CameraState.LIVE, CameraFrame(b"%d" % n, 4, 3, taken_at=0.0)))

    def become(self, sight: Sight) -> None:
        self.sight = sight
        self.on_change()

    def close(self) -> None:
        self.is_closed = True


class FakeCameras:
    names = ("Front door", "Garage")

    def __init__(self) -> None:
        self.opened: list[FakeCamera] = []

    def open(self, name: str, on_change: Callable[[], None]) -> FakeCamera:
        self.opened.append(FakeCamera(on_change))
        return self.opened[-1]


class Told:
    """Views of fake cameras, what each page was told, and the calls that wait for their time."""

    def __init__(self) -> None:
        self.cameras = FakeCameras()
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.later: list[tuple[Callable, tuple]] = []
        self.views = CameraViews(self.cameras, self._tell, self)

    def call(self, function: Callable, *args: Any) -> None:
        function(*args)

    def call_later(self, delay_s: float, function: Callable, *args: Any) -> None:
        self.later.append((function, args))

    def let_time_pass(self) -> None:
        while self.later:
            function, args = self.later.pop()
            function(*args)

    def frames_of(self, page: str) -> list[bytes]:
        return [p["image"] for who, name, p in self.events if (who, name) == (page, "camera_frame")]

    def states_of(self, page: str) -> list[str]:
        return [p["state"] for who, name, p in self.events if (who, name) == (page, "camera_state")]

    def _tell(self, page: str, name: str, payload: dict[str, Any]) -> None:
        self.events.append((page, name, payload))


@pytest.fixture
def told() -> Told:
    return Told()


def test_slow_page_gets_the_newest_frame_and_never_a_queue(told: Told):
    told.views.choose("slow", {"name": "Front door"})
    [camera] = told.cameras.opened
    for n in range(3):
        camera.show(n)
    assert told.frames_of("slow") == [b"0"]
    told.views.acknowledge("slow")
    told.views.acknowledge("slow")
    assert told.frames_of("slow") == [b"0", b"2"]
    camera.show(3)
    assert told.frames_of("slow") == [b"0", b"2", b"3"]


def test_two_pages_share_one_camera_and_the_last_one_lets_it_go(told: Told):
    for page in ("anna", "ben"):
        told.views.choose(page, {"name": "Front door"})
    [camera] = told.cameras.opened
    camera.show(1)
    assert told.frames_of("anna") == told.frames_of("ben") == [b"1"]
    told.views.forget("anna")
    told.let_time_pass()
    assert not camera.is_closed
    told.views.choose("ben", {"name": None})
    assert not camera.is_closed
    told.let_time_pass()
    assert camera.is_closed


def test_page_that_is_loaded_again_finds_its_camera_still_open(told: Told):
    told.views.choose("before", {"name": "Front door"})
    told.cameras.opened[0].show(1)
    told.views.forget("before")
    told.views.choose("after", {"name": "Front door"})
    told.let_time_pass()
    assert len(told.cameras.opened) == 1
    assert told.frames_of("after") == [b"1"]


def test_page_that_looks_elsewhere_hears_no_more_of_the_first_camera(told: Told):
    told.views.choose("anna", {"name": "Front door"})
    told.views.choose("anna", {"name": "Garage"})
    door, garage = told.cameras.opened
    told.let_time_pass()
    assert door.is_closed
    garage.show(2)
    assert told.frames_of("anna") == [b"2"]


def test_each_change_is_told_once(told: Told):
    told.views.choose("anna", {"name": "Front door"})
    [camera] = told.cameras.opened
    camera.show(1)
    camera.show(2)
    camera.become(Sight(CameraState.LOST, None, Trouble.UNANSWERED, retry_at=5.0))
    assert told.states_of("anna") == ["opening", "live", "lost"]


@pytest.mark.parametrize("payload", [None, {"name": "Cellar"}, {"name": "rtsp://10.0.0.8/"}])
def test_what_was_not_named_at_the_start_is_refused_in_words(told: Told, payload: object):
    told.views.choose("anna", payload)
    [(_, _, refusal)] = told.events
    assert refusal["error"]["code"] == "bad_request"
    assert refusal["error"]["message"].endswith(".")
    assert not told.cameras.opened


def test_without_cameras_there_is_none():
    events: list[tuple] = []
    views = CameraViews(None, lambda *told: events.append(told), Told())
    views.choose("anna", {"name": "Front door"})
    assert events[0][2]["state"] == "refused"


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    camera = CameraServer("rtsp", "me:secret").start()
    yield camera
    camera.cut()


@pytest.fixture
def watched_server(camera: CameraServer) -> Iterator[Server]:
    """A server that may look through one camera; its model is never asked."""
    pytest.importorskip("av")
    with serve("--model", "demo", MOONSIGHT_CAMERA=f"Front door={camera.url}") as server:
        yield server.wait_until_open()


@over_the_wire
async def test_camera_is_open_while_pages_look_and_its_address_stays_on_the_server(
    watched_server: Server, camera: CameraServer
):
    async with connect(watched_server) as anna, connect(watched_server) as ben:
        assert camera.n_watching == 0
        for page in (anna, ben):
            await page.emit("camera", {"name": "Front door"})
        for page in (anna, ben):
            frame = (await page.count("camera_frame", 1))[0]
            assert frame["image"].startswith(b"\xff\xd8")
            assert (frame["width"], frame["height"]) == (640, 480)
            await page.emit("camera_seen", {})
            await page.count("camera_frame", 2)
        await asyncio.to_thread(camera.wait_until_watched_by, 1)
        await ben.emit("camera", {"name": camera.url})
        refused = await ben.wait_for("camera_state", state="refused")
        assert "No camera of this name" in refused["error"]["message"]
        camera.cut()
        assert (await anna.wait_for("camera_state", state="lost"))["retry_in_s"] > 0
        camera.start()
        await anna.wait_for("camera_state", state="lost", trouble="unanswered")
        told = repr(anna.events + ben.events)
    await asyncio.to_thread(camera.wait_until_watched_by, 0)
    pages = [watched_server.get(path)[2].decode() for path in ("/", "/healthz", "/metrics")]
    said = [told, *pages, watched_server.stdout.text, watched_server.stderr.text]
    assert json.dumps(["Front door"]) in pages[0]
    assert not [text for text in said if "secret" in text or str(camera.port) in text]
    assert "The camera Front door does not answer." in watched_server.stderr.text
    async with connect(watched_server) as anna:
        await anna.emit("camera", {"name": "Front door"})
        await anna.count("camera_frame", 1)
        assert await asyncio.to_thread(watched_server.end) == 0
    await asyncio.to_thread(camera.wait_until_watched_by, 0)
