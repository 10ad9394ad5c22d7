"""A page with a full list while answers come: what its main thread does, and what it holds.

The model before which it stands says at once what it is told (`paced`): all that is measured is the
page's own.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from playwright.sync_api import Browser, CDPSession, Page

from bench.chromium import turn_on_camera
from bench.paced import Paced

N_CARDS = 200
QUESTION = "What do you see?"
SENTENCES = [f"A red square and {n} blue circles on the table." for n in range(2, 12)]
BACK_TO_BACK = "localStorage['moonsight.pace'] = 'back to back'"

# Asks so many times by hand, one after the other; each card ends before the next question.
ASK_BY_HAND = """async ([question, n]) => {
  const list = document.querySelector("#answers")
  const isDone = (card) => card?.dataset.state === "done"
  for (let i = 0; i < n; i += 1) {
    const last = list.querySelector(".card")
    const line = document.querySelector("#question-text")
    line.value = `${question} ${i}`
    line.dispatchEvent(new Event("input", { bubbles: true }))
    await new Promise((resolve) => {
      const look = () => {
        const card = list.querySelector(".card")
        if (card === last || !isDone(card)) return
        observer.disconnect()
        resolve()
      }
      const observer = new MutationObserver(look)
      observer.observe(list, { attributes: true, childList: true, subtree: true })
      document.querySelector("#ask").click()
    })
  }
}"""
# Each live answer is another than the last one.
COUNT_LIVE = """() => {
  window.nLive = 0
  const words = document.querySelector(".live__words")
  const options = { characterData: true, childList: true, subtree: true }
  new MutationObserver(() => (window.nLive += 1)).observe(words, options)
}"""
# The browser's own, of which the elements are counted, and what it has compiled.
NOT_OF_SCRIPTS = ("native", "code")


@dataclass(frozen=True)
class Held:
    """What a page holds after so many answers, its garbage collected.

    object_bytes: what its scripts hold. code_bytes: what the browser has compiled of them by then,
    which it does anew, or drops, as it likes.
    """

    n_answers: int
    n_cards: int
    object_bytes: int
    code_bytes: int
    n_nodes: int
    n_listeners: int


@contextmanager
def open_page(browser: Browser, url: str) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(BACK_TO_BACK)
    page = context.new_page()
    page.set_default_timeout(0)
    devtools = context.new_cdp_session(page)
    page.goto(url)
    turn_on_camera(page)
    yield page, devtools
    context.close()


def ask_by_hand(page: Page, server: Paced, n: int) -> None:
    server.answer(*(SENTENCES[i % len(SENTENCES)] for i in range(n)))
    page.evaluate(ASK_BY_HAND, [QUESTION, n])


def held(page: Page, devtools: CDPSession, n_answers: int) -> Held:
    # A second time for what the first one's finalizers let go of.
    for _ in range(2):
        devtools.send("HeapProfiler.collectGarbage")
    counted, heap = devtools.send("Memory.getDOMCounters"), _heap(devtools)
    return Held(
        n_answers,
        page.locator("#answers .card").count(),
        sum(size for kind, size in heap.items() if kind not in NOT_OF_SCRIPTS),
        heap["code"],
        counted["nodes"],
        counted["jsEventListeners"],
    )


def _heap(devtools: CDPSession) -> Counter[str]:
    """How many bytes there are of each kind of what is in the heap."""
    chunks: list[str] = []

    def keep(told: dict[str, str]) -> None:
        chunks.append(told["chunk"])

    devtools.on("HeapProfiler.addHeapSnapshotChunk", keep)
    devtools.send("HeapProfiler.takeHeapSnapshot")
    devtools.remove_listener("HeapProfiler.addHeapSnapshotChunk", keep)
    snapshot = json.loads("".join(chunks))
    about, nodes = snapshot["snapshot"]["meta"], snapshot["nodes"]
    fields, kinds = about["node_fields"], about["node_types"][0]
    # Each of them is so many numbers in a row.
    types, sizes = (nodes[fields.index(each) :: len(fields)] for each in ("type", "self_size"))
    heap: Counter[str] = Counter()
    for kind, size in zip(types, sizes, strict=True):
        heap[kinds[kind]] += size
    return heap


def busy_ms(
    page: Page, devtools: CDPSession, n: int, interval_s: float, server: Paced | None
) -> list[float]:
    """What the main thread computed in each of so many intervals, in ms of a core.

    server: it answers one each.
    """
    begun, before, told = monotonic(), _computed_ms(devtools), []
    for i in range(n):
        if server:
            server.answer(SENTENCES[i % len(SENTENCES)])
        page.wait_for_timeout(max(0.0, 1000 * (begun + (i + 1) * interval_s - monotonic())))
        now = _computed_ms(devtools)
        told.append(now - before)
        before = now
    return told


def _computed_ms(devtools: CDPSession) -> float:
    """The main thread's time on a core so far: what waits for one, other programs' work, is not."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return 1000 * next(each["value"] for each in metrics if each["name"] == "ThreadTime")


def keep_looking(page: Page) -> None:
    page.locator("#question-text").fill(QUESTION)
    page.get_by_role("switch", name="Keep looking").click()
    page.evaluate(COUNT_LIVE)


def n_live(page: Page) -> int:
    """How many live answers have come so far."""
    return page.evaluate("() => window.nLive")
