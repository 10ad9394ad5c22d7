"""What a first visit of the page loads, as Chromium counts it, and when the page can be used.

Beside it the same page file by file and as the files are, in the same browser: what its script and
its sheet import, it loads by itself, and it is told to accept no coding.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, Route

# What a browser at home gets from somewhere else.
MBIT_PER_S, LATENCY_MS = 10, 40
BYTES_PER_MBIT = 125_000
# Nothing more comes of a page that has said nothing for so long.
QUIET_MS = 1000
CODINGS = "gzip, deflate, br, zstd"

# The model's name stands at the top, and the stage says what to do: all scripts have run, and the
# server has answered.
NOTE_WHEN_USABLE = """{
  const look = () => {
    const stateOf = (id) => document.getElementById(id)?.dataset.state
    const [status, stage] = ["status", "stage"].map(stateOf)
    const isUsable = status === "ready" && stage && stage !== "starting"
    if (isUsable) window.usableAt = performance.now()
    else requestAnimationFrame(look)
  }
  look()
}"""
IS_USABLE = "() => window.usableAt !== undefined"
TIMES = """() => {
  const [{ loadEventEnd }] = performance.getEntriesByType("navigation")
  return [loadEventEnd, window.usableAt]
}"""


@dataclass(frozen=True)
class Visit:
    """What one visit took. sent_bytes: all that came over the wire, with its headers."""

    sent_bytes: float
    raw_bytes: float
    n_requests: float
    load_ms: float
    usable_ms: float


class Traffic:
    """What a page's requests get, by their ids."""

    def __init__(self, devtools: CDPSession) -> None:
        self._sent: dict[str, float] = {}
        self._raw: dict[str, float] = {}
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.dataReceived", self._received)
        devtools.on("Network.loadingFinished", self._finished)
        devtools.send("Network.enable")

    def _asked(self, told: dict) -> None:
        self._sent.setdefault(told["requestId"], 0)

    def _received(self, told: dict) -> None:
        id = told["requestId"]
        self._raw[id] = self._raw.get(id, 0) + told["dataLength"]

    def _finished(self, told: dict) -> None:
        self._sent[told["requestId"]] = told["encodedDataLength"]

    @property
    def totals(self) -> tuple[float, float, int]:
        return sum(self._sent.values()), sum(self._raw.values()), len(self._sent)


def first_visits(browser: Browser, url: str, n: int, *, is_slow: bool, is_joined: bool) -> Visit:
    """The median of so many visits, each by a new person."""
    visits = [_first_visit(browser, url, is_slow, is_joined) for _ in range(n)]
    told = [[asdict(each)[field.name] for each in visits] for field in fields(Visit)]
    return Visit(*map(median, told))


def _first_visit(browser: Browser, url: str, is_slow: bool, is_joined: bool) -> Visit:
    with _new_page(browser) as (page, devtools):
        traffic = Traffic(devtools)
        if is_slow:
            _slow_down(devtools)
        if not is_joined:
            devtools.send(
                "Network.setExtraHTTPHeaders", {"headers": {"Accept-Encoding": "identity"}}
            )
            page.route(f"{url}/", _file_by_file)
        page.add_init_script(NOTE_WHEN_USABLE)
        page.goto(url)
        page.wait_for_function(IS_USABLE)
        page.wait_for_timeout(QUIET_MS)
        return Visit(*traffic.totals, *page.evaluate(TIMES))


@contextmanager
def _new_page(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    yield page, context.new_cdp_session(page)
    context.close()


def _slow_down(devtools: CDPSession) -> None:
    rate = MBIT_PER_S * BYTES_PER_MBIT
    told = {"downloadThroughput": rate, "uploadThroughput": rate}
    devtools.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **told}
    )


def _file_by_file(route: Route) -> None:
    """Hand out the page with the plain addresses of its files."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r"/static/v/\w+/", "/static/", answer.text()))


def kept_for_later(url: str) -> tuple[int, int]:
    """Bytes on the wire, and requests, of what a browser keeps for when the server is away.

    It asks for them once the page is there, from a worker whose requests no page sees.
    """
    n_offline, offline = _get(url, "/offline")
    paths = set(re.findall(r'(?:src|href)="(/[^"]+)"', offline))
    n_bytes = [_get(url, "/service_worker.js")[0], n_offline, *(_get(url, at)[0] for at in paths)]
    return sum(n_bytes), len(n_bytes)


def _get(url: str, path: str) -> tuple[int, str]:
    """Bytes of an answer with its headers, and its text where it is asked for as it is."""
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", path, headers={"Accept-Encoding": CODINGS})
    with connection.getresponse() as answer:
        headers = sum(len(f"{name}: {value}\r\n") for name, value in answer.getheaders())
        n_bytes = len("HTTP/1.1 200 OK\r\n\r\n") + headers + len(answer.read())
    connection.request("GET", path)
    with connection.getresponse() as answer:
        text = answer.read().decode()
    connection.close()
    return n_bytes, text
