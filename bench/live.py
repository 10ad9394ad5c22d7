"""Measure the live page beside the loop of other pages: `python -m bench.live`.

A drawn clip (`bench/clip.py`) goes through Chromium's fake camera into our page, which keeps a
question answered, and then into a page that asks every half second; both ask the same server
process and its demo model. What each showed when is noted in the page, by the page's own clock.
Exit code 1 when what was set out to be reached was not. The last line is one JSON document.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from bench.chromium import launch, turn_on_camera
from bench.clients import BenchFailed
from bench.clip import QUESTION, SETTLE_S, STILL_S, Clip, Part, frames, make_clip, write_y4m
from bench.figures import busy_cores, machine, percentile
from bench.serve import Server
from model import Model, load_model

PAGES = Path(__file__).parent / "live_page"
# The plain page comes from no address, and may talk to a server of this machine nevertheless.
PLAIN_PAGE = "--disable-features=LocalNetworkAccessChecks"
# Small enough to be compared at every frame, large enough for the smallest shape.
PART_SIZE = (48, 27)
N_SINGLE = 10

ASK_ONCE = """() => new Promise((resolve) => {
  const began = performance.now()
  const look = () => {
    const card = document.querySelector(".card")
    if (card?.dataset.state === "done" && card !== window.lastCard) {
      window.lastCard = card
      observer.disconnect()
      resolve(performance.now() - began)
    }
  }
  const observer = new MutationObserver(look)
  const options = { attributes: true, childList: true, subtree: true }
  observer.observe(document.querySelector("#answers"), options)
  document.querySelector("#ask").click()
})"""
WATCH = "([parts, size]) => bench.watch(document.querySelector('video'), parts, size)"
LISTEN_TO_OURS = """() => bench.listen(document.querySelector("#answers"), () => {
  return document.querySelector("[data-live-sentence]")?.textContent ?? ""
})"""
LISTEN_TO_PLAIN = """() => {
  const output = document.querySelector("output")
  bench.listen(output, () => output.textContent)
}"""
ALL_SEEN = "(n) => bench.seen.length === n"
NOTED = """() => {
  const { seen, said, sent, answered } = bench
  return { seen, said, sent, answered }
}"""

ROWS = {
    "p50_ms": "event to right sentence p50, ms",
    "p95_ms": "event to right sentence p95, ms",
    "missed": "missed events",
    "still_sentences": "sentences while still",
    "still_looks": "looks while still",
    "looks": "looks in all",
    "server_ms": "server milliseconds in all",
}
Figures = dict[str, float]
LABEL_CHARS, VALUE_CHARS = 34, 12
# What was set out to be reached.
MOST_SINGLE_ANSWERS, MOST_MORE_MS = 1.5, 300.0
LEAST_FEWER_LOOKS, LEAST_LESS_SERVER_TIME = 10.0, 3.0


@dataclass(frozen=True)
class Notes:
    """What a page noted by its own clock, in milliseconds; see live_page/watch.js."""

    seen: list[float]
    said: list[tuple[float, str]]
    sent: list[float]
    answered: list[tuple[float, float]]


def main() -> None:
    options = parse_options()
    about = {**machine(), "busy_cores_before": busy_cores()}
    try:
        single_ms, ours, plain = measure(options)
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    show(ours, plain, single_ms)
    reached = aims(ours, plain, single_ms)
    for aim, is_reached in reached.items():
        print(f"{'reached' if is_reached else 'NOT REACHED'}: {aim}")
    document = {
        "bench": "live",
        "date": date.today().isoformat(),
        "machine": about,
        "seed": options.seed,
        "single_answer_ms": round(single_ms, 1),
        "ours": as_json(ours),
        "plain": as_json(plain),
        "reached": reached,
    }
    print(json.dumps(document))
    sys.exit(0 if all(reached.values()) else 1)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which clip is drawn")
    parser.add_argument("--events", type=int, default=5, help="so many of each kind")
    parser.add_argument(
        "--still", type=float, default=STILL_S, help="seconds of nothing at the end"
    )
    return parser.parse_args()


def measure(options: argparse.Namespace) -> tuple[float, Figures, Figures]:
    """Returns the time of a single answer and the figures of our page and of the plain loop."""
    with TemporaryDirectory() as folder, load_model("demo") as model:
        clip = make_clip(options.seed, check_with(model), options.events, options.still)
        file = Path(folder) / "clip.y4m"
        write_y4m(file, frames(clip, options.seed))
        model.close()
        # It plays the file from its beginning whenever it is opened.
        camera = f"--use-file-for-fake-video-capture={file}"
        with (
            Server("ours", "demo", keeps_stamps=False) as server,
            launch(PLAIN_PAGE, camera) as browser,
        ):
            server.wait()
            with visit(browser) as page:
                single_ms = median(ask_singly(page, server.url))
            with visit(browser) as page:
                ours = summarise(run(page, clip, options.still, keep_looking, server.url), clip)
            with visit(browser) as page:
                plain = summarise(run(page, clip, options.still, loop_plainly, server.url), clip)
    return single_ms, ours, plain


def check_with(model: Model) -> Callable[[Image.Image, str], bool]:
    def says(picture: Image.Image, sentence: str) -> bool:
        return "".join(model.query(np.asarray(picture), QUESTION)) == sentence

    return says


# The pages


@contextmanager
def visit(browser: Browser) -> Iterator[Page]:
    """A page of its own, which notes what it shows; its camera is closed afterwards."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(path=PAGES / "watch.js")
    yield context.new_page()
    context.close()


def ask_singly(page: Page, url: str) -> list[float]:
    """Ask by hand, a few times; returns the milliseconds from the click to the whole answer."""
    open_ours(page, url)
    page.locator("#question-text").fill(QUESTION)
    page.evaluate(ASK_ONCE)
    taken_ms = []
    for _ in range(N_SINGLE):
        page.locator("#question-text").fill(QUESTION)
        taken_ms.append(page.evaluate(ASK_ONCE))
    return taken_ms


def open_ours(page: Page, url: str) -> None:
    page.goto(url)
    turn_on_camera(page)


def keep_looking(page: Page, url: str, watch: Callable[[], None]) -> None:
    page.goto(url)
    watch()
    page.evaluate(LISTEN_TO_OURS)
    turn_on_camera(page)
    page.locator("#question-text").fill(QUESTION)
    page.get_by_role("switch", name="Keep looking").click()


def loop_plainly(page: Page, url: str, watch: Callable[[], None]) -> None:
    for name in ("plain.html", "plain.js"):
        page.route(f"{url}/{name}", lambda route, _, name=name: route.fulfill(path=PAGES / name))
    page.goto(f"{url}/plain.html")
    watch()
    page.evaluate(LISTEN_TO_PLAIN)
    page.get_by_role("button", name="Start").click()


def run(
    page: Page,
    clip: Clip,
    still_s: float,
    start: Callable[[Page, str, Callable[[], None]], None],
    url: str,
) -> Notes:
    """Let a page see the clip once; returns what it noted. Raises BenchFailed when it missed it."""
    width, height = PART_SIZE
    parts = [small(part) for part in clip.parts]
    size = {"width": width, "height": height}
    start(page, url, lambda: page.evaluate(WATCH, [parts, size]))
    limit_ms = 2000 * clip.ends_at_s
    page.wait_for_function(ALL_SEEN, arg=len(clip.parts), timeout=limit_ms, polling=200)
    ends_at_ms = f"bench.seen.at(-1) + {1000 * (SETTLE_S + still_s)}"
    page.evaluate(f"bench.until({ends_at_ms})")
    return Notes(**page.evaluate(NOTED))


def small(part: Part) -> list[int]:
    picture = part.picture.resize(PART_SIZE, Image.Resampling.BOX)
    return np.asarray(picture).reshape(-1).tolist()


# The figures


def summarise(notes: Notes, clip: Clip) -> Figures:
    """One value for each of ROWS."""
    waits = waits_ms(notes, [part.sentence for part in clip.parts])
    seen_ms = [each for each in waits if each is not None]
    still_from = notes.seen[-1] + 1000 * SETTLE_S
    began = notes.seen[0]
    return {
        "p50_ms": _percentile(seen_ms, 50),
        "p95_ms": _percentile(seen_ms, 95),
        "missed": len(waits) - len(seen_ms),
        "still_sentences": sum(at >= still_from for at, _ in notes.said),
        "still_looks": sum(at >= still_from for at in notes.sent),
        "looks": sum(at >= began for at in notes.sent),
        "server_ms": sum(ms for at, ms in notes.answered if at >= began),
    }


def _percentile(values: list[float], percent: float) -> float:
    value = percentile(values, percent)
    return math.inf if value is None else value


def waits_ms(notes: Notes, sentences: list[str]) -> list[float | None]:
    """For each event how long its right sentence took; None when it did not come before the next.

    sentences: what is right of each part, the first of which no event brought about.
    """
    ends = [*notes.seen[2:], float("inf")]
    events = zip(notes.seen[1:], ends, sentences[1:], strict=True)
    return [_wait_ms(notes.said, *event) for event in events]


def _wait_ms(said: list[tuple[float, str]], begins: float, ends: float, right: str) -> float | None:
    before = [sentence for at, sentence in said if at <= begins]
    if before and before[-1] == right:
        return 0.0
    came = [at for at, sentence in said if begins < at < ends and sentence == right]
    return came[0] - begins if came else None


def aims(ours: Figures, plain: Figures, single_ms: float) -> dict[str, bool]:
    """Each thing that was set out to be reached, and whether it was."""
    limit_ms = MOST_SINGLE_ANSWERS * single_ms + MOST_MORE_MS
    return {
        f"p95 at most {limit_ms:.0f} ms": ours["p95_ms"] <= limit_ms,
        "no event missed": ours["missed"] == 0,
        "no sentence while still": ours["still_sentences"] == 0,
        f"{LEAST_FEWER_LOOKS:g} times fewer looks while still": (
            plain["still_looks"] >= LEAST_FEWER_LOOKS * ours["still_looks"]
        ),
        f"{LEAST_LESS_SERVER_TIME:g} times less server time": (
            plain["server_ms"] >= LEAST_LESS_SERVER_TIME * ours["server_ms"]
        ),
    }


def show(ours: Figures, plain: Figures, single_ms: float) -> None:
    """Print the table for people."""
    print(f"a single answer, asked by hand: {single_ms:.0f} ms")
    print(f"{'':{LABEL_CHARS}}{'ours':>{VALUE_CHARS}}{'plain loop':>{VALUE_CHARS}}")
    for name, label in ROWS.items():
        values = "".join(f"{_short(side[name]):>{VALUE_CHARS}}" for side in (ours, plain))
        print(f"{label:{LABEL_CHARS}}{values}")


def as_json(figures: Figures) -> dict[str, float | None]:
    return {
        name: round(value, 1) if math.isfinite(value) else None for name, value in figures.items()
    }


def _short(value: float) -> str:
    return f"{value:,.0f}"


if __name__ == "__main__":
    main()
