"""A real Chromium with a fake camera before a real server.

No test here sleeps: each waits for what it sees.
"""

import gc
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError

import greenlet
import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.conftest import Place

ROOT = Path(__file__).resolve().parents[2]
SCENES = ROOT / "static" / "scenes"
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
START_LIMIT_S = 60
# Shorter than pytest's faulthandler_timeout, which ends the process.
HANGS_S = 200
EXPECT_LIMIT_MS = 15_000
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The same without windows, a third cheaper; it cannot ask for a permission.
SHELL = "chromium-headless-shell"

NO_BROWSER = "No Chromium or Chrome found: the browser tests were left out."

FLAGS = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    # Of Chromium's own: its address bar loads two pages for each window, twice as costly as ours.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    # As without a network: no other name has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
FAKE_CAMERA = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"
DENIED = "--use-fake-ui-for-media-stream=deny"
# A GPU that computes right and slowly, where there is none.
GPU_IN_SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}

HAS_OWN_CLOCK = "() => setTimeout.toString().includes('[native code]')"

# What a browser says by itself while the server is away; everything else said is a fault.
SERVER_AWAY = re.compile(
    r"ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(NO_BROWSER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def told_where_it_hangs(pytestconfig: pytest.Config) -> Iterator[None]:
    """Tell where a test stands that waits for a browser for ever; faulthandler sees only the loop
    that waits for it.
    """
    stderr = pytestconfig.stash.get(fault_handler_stderr_fd_key, 2)

    def tell() -> None:
        with os.fdopen(os.dup(stderr), "w") as told:
            for each in gc.get_objects():
                if isinstance(each, greenlet.greenlet) and each.gr_frame is not None:
                    stack = traceback.extract_stack(each.gr_frame)
                    of_test = [at for at in stack if "/tests/" in at.filename]
                    told.writelines(f"{at.filename}:{at.lineno} {at.line}\n" for at in of_test)

    timer = threading.Timer(HANGS_S, tell)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()


@pytest.fixture(scope="session")
def chromium() -> str:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=EXPECT_LIMIT_MS)
    with sync_playwright() as playwright:
        yield playwright


class Server:
    """One server process on a free port; it can be ended and started again on the same one."""

    def __init__(self, *command: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}/"
        self._command = [sys.executable, *command, str(self.port)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        deadline = monotonic() + START_LIMIT_S
        while not self._is_ready():
            assert self._process.poll() is None, "The server ended while starting."
            assert monotonic() < deadline, "The server was not ready in time."
            sleep(0.05)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        self._process.communicate(timeout=10)
        self._process = None

    def tell(self, command: str) -> None:
        """Write one line to the server's standard input."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "healthz", timeout=5) as response:
                return response.status == 200
        except (URLError, OSError):
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def server(chromium: str, placed: Place) -> Iterator[Server]:
    """`python app.py --model demo`, shared; a test that ends it starts it again."""
    server = Server("app.py", *placed("--model", "demo"), "--port")
    server.start()
    yield server
    server.stop()


class PacedServer(Server):
    """The real web tier before a model that does just what the test tells it, when it tells it."""

    def line(self, position: int, expected_ms: float) -> None:
        self.tell(f"line {position} {expected_ms}")

    def begin(self) -> None:
        self.tell("begin")

    def say(self, text: str) -> None:
        self.tell(f"say {json.dumps(text)}")

    def think(self, text: str, *spans: object) -> None:
        """What it thought; of each span the first and last character, and the point it is about."""
        self.tell(f"think {json.dumps([text, *spans])}")

    def find(self, *numbers: float) -> None:
        """One more object: a box of four fractions or a point of two."""
        self.tell(f"find {json.dumps(numbers)}")

    def end(self, reason: str = "stop") -> None:
        self.tell(f"end {reason}")

    def fail(self, code: str, sentence: str) -> None:
        self.tell(f"fail {code} {sentence}")

    def looks(self, fate: str) -> None:
        """What becomes of frames sent ahead: "seen", "kept waiting" or "refused"."""
        self.tell(f"looks {fate}")

    def status(self, **fields: object) -> None:
        self.tell(f"status {json.dumps(fields)}")

    def answer(self, text: str) -> None:
        self.begin()
        self.say(text)
        self.end()


@pytest.fixture(scope="session")
def paced_server(chromium: str) -> Iterator[PacedServer]:
    server = PacedServer("-m", "tests.browser.paced_server")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def paced(paced_server: PacedServer) -> PacedServer:
    """The paced server, ready and with nothing left over from another test."""
    paced_server.tell("forget")
    paced_server.status(state="ready", model="moondream2", device="cuda")
    return paced_server


def write_y4m(path: Path, image: Image.Image, n_frames: int = 4, fps: int = 10) -> Path:
    """One still picture as a 4:2:0 clip in video range; sides must be even; Chromium loops it."""
    width, height = image.size
    y, cb, cr = image.convert("YCbCr").split()
    y = y.point([round(16 + v * 219 / 255) for v in range(256)])
    cb, cr = (c.point([round(128 + (v - 128) * 224 / 255) for v in range(256)]) for c in (cb, cr))
    half = (width // 2, height // 2)
    frame = b"FRAME\n" + y.tobytes() + cb.resize(half).tobytes() + cr.resize(half).tobytes()
    head = f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n"
    path.write_bytes(head.encode() + frame * n_frames)
    return path


def sandbox() -> list[str]:
    """Chromium refuses to run as root, as in a container, with its sandbox."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if is_root else []


@pytest.fixture(scope="session")
def tab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make browser` writes of the demo model; whoever changes something takes a copy."""
    # Brings torch and onnx, which most tests of a page do without.
    from demo.evaluate import CHECKPOINT
    from tests.browser.in_tab import write_folder

    return write_folder(CHECKPOINT, tmp_path_factory.mktemp("tab"))


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launch]:
    """Launch a browser, once for each set of flags: `launch(*flags, scene="red-circle")`."""
    running: dict[tuple[str, ...], Browser] = {}
    clips = tmp_path_factory.mktemp("camera")

    def launch(*flags: str, scene: str | None = None) -> Browser:
        if scene is not None:
            clip = clips / f"{scene}.y4m"
            if not clip.exists():
                write_y4m(clip, Image.open(SCENES / f"{scene}.png").convert("RGB"))
            flags = (*flags, FAKE_CAMERA, f"--use-file-for-fake-video-capture={clip}")
        if flags not in running:
            gpu = [] if set(GPU_IN_SOFTWARE) <= set(flags) else ["--disable-gpu"]
            asks = ALLOWED not in flags and DENIED not in flags
            running[flags] = playwright.chromium.launch(
                executable_path=chromium if asks else shutil.which(SHELL) or chromium,
                args=[*FLAGS, *gpu, *sandbox(), *flags],
            )
        return running[flags]

    yield launch
    for browser in running.values():
        browser.close()


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Browser:
    """A browser whose camera shows a red circle and may be used without asking."""
    return launch(ALLOWED, scene="red-circle")


class Visitor:
    """One person's page, and everything about it that must not happen."""

    def __init__(self, context: BrowserContext, allow: re.Pattern[str] | None) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(EXPECT_LIMIT_MS)
        self.problems: list[str] = []
        self._allow = allow
        self.page.on("request", lambda request: self._check_home(request.url))
        self.page.on("console", lambda m: m.type == "error" and self._note(m.text))
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on("websocket", lambda socket: self._check_home(socket.url))

    def check(self) -> None:
        assert self.problems == []

    def _note(self, problem: str) -> None:
        if not (self._allow and self._allow.search(problem)):
            self.problems.append(problem)

    def _check_home(self, url: str) -> None:
        if not re.match(r"(https?|wss?)://(localhost|127\.0\.0\.1)[:/]|data:|blob:", url):
            self.problems.append(f"would have left this machine: {url}")


class Profile:
    """A browser context that is left as new, for who comes next with the same options.

    A window of its own and a hundred files from the server cost as much as all that most tests do.
    One in which something was allowed or refused is not left as new, nor one whose clock a test
    has taken: it is of the context, and all pages to come would stand still. `is_kept` says so.
    """

    def __init__(self, browser: Browser, options: dict) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.is_kept = "permissions" not in options
        # Stays, so that the window does.
        self._blank = self.context.new_page()
        self._devtools = self.context.new_cdp_session(self._blank)

    def leave(self, origin: str) -> None:
        """Close all its pages; forget what they kept."""
        self.is_kept &= self._blank.evaluate(HAS_OWN_CLOCK)
        if not self.is_kept:
            self.context.close()
            return
        for page in self.context.pages:
            if page is not self._blank:
                page.close()
        self.context.clear_permissions()
        told = {"origin": origin, "storageTypes": "all"}
        self._devtools.send("Storage.clearDataForOrigin", told)


class Profiles:
    """Those that nobody uses, by browser and options."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Browser, str], Profile] = {}

    def open(self, browser: Browser, options: dict) -> Profile:
        return self._kept.pop((browser, repr(options)), None) or Profile(browser, options)

    def leave(self, profile: Profile, browser: Browser, options: dict, origin: str) -> None:
        profile.leave(origin)
        if profile.is_kept:
            self._kept[browser, repr(options)] = profile


@pytest.fixture(scope="session")
def profiles() -> Profiles:
    return Profiles()


Visit = Callable[..., Page]


@pytest.fixture
def visit(profiles: Profiles) -> Iterator[Visit]:
    """Open a page as a new person: `visit(browser, url, allow=pattern, **context_options)`.

    Fails the test at its end for an error in the console, an uncaught error, a violation of the
    content policy, or a request that would have left this machine.
    """
    visitors: list[Visitor] = []
    opened: list[tuple[Profile, Browser, dict, str]] = []

    def visit(
        browser: Browser,
        url: str,
        *,
        allow: re.Pattern[str] | None = None,
        script: str = "",
        **options: object,
    ) -> Page:
        profile = profiles.open(browser, options)
        opened.append((profile, browser, options, url))
        visitor = Visitor(profile.context, allow)
        visitors.append(visitor)
        if script:
            visitor.page.add_init_script(script)
        visitor.page.goto(url)
        return visitor.page

    yield visit
    for each in opened:
        profiles.leave(*each)
    for visitor in visitors:
        visitor.check()


@pytest.fixture
def page(browser: Browser, server: Server, visit: Visit) -> Page:
    """The page of the real program, its camera showing a red circle."""
    return with_camera(visit(browser, server.url))


@pytest.fixture
def paced_page(browser: Browser, paced: PacedServer, visit: Visit) -> Page:
    return with_camera(visit(browser, paced.url))


def turn_on_camera(page: Page) -> None:
    """Do what a first visitor does; where the browser knows the answer, nothing is left to do."""
    page.wait_for_function("() => stage.dataset.state !== 'starting'")
    if page.locator("#stage").get_attribute("data-state") == "off":
        page.get_by_role("button", name="Turn on the camera").click()


def with_camera(page: Page) -> Page:
    """Turn the camera on; wait for its first picture, the connection and the model's status."""
    turn_on_camera(page)
    page.wait_for_function("() => stage.dataset.state === 'live'")
    page.wait_for_function("() => ask.getAttribute('aria-disabled') === 'false'")
    expect(page.locator("#status")).not_to_have_attribute("data-state", "unknown")
    return page


# Observers of sizes are told within the first of two frames.
DRAW_TWICE = """() => {
  window.hasDrawn = false
  requestAnimationFrame(() => requestAnimationFrame(() => { window.hasDrawn = true }))
}"""


def resize(page: Page, width: int, height: int) -> None:
    """Change the window and wait until all that follows its size was drawn again."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("width => innerWidth === width", arg=width)
    settle(page)


def settle(page: Page) -> None:
    """Wait until all that follows a size was drawn again."""
    page.evaluate(DRAW_TWICE)
    page.wait_for_function("() => window.hasDrawn")
