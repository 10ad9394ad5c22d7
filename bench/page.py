"""The page itself, in a real Chromium: `python -m bench.page`.

What a first visit loads beside its limit, and beside the same page file by file; what the main
thread does for each of ten live answers a second under a list of 200 cards; what the page holds
while 1,000 answers come. Exit code 1 when a limit was not kept. The last line is one JSON document.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from datetime import date
from time import monotonic

from playwright.sync_api import Browser

from bench.busy_page import (
    N_CARDS,
    Held,
    ask_by_hand,
    busy_ms,
    held,
    keep_looking,
    n_live,
    open_page,
)
from bench.chromium import launch
from bench.clients import BenchFailed
from bench.figures import busy_cores, machine, percentile
from bench.first_visit import Visit, first_visits, kept_for_later
from bench.paced import Paced
from bench.serve import Server

# What was set out to be kept.
MOST_SENT_BYTES, MOST_ANSWER_MS, MOST_GROWTH = 150_000, 16.0, 0.05
ANSWERS_PER_S, N_WARM_UPS = 10, 20
# The last ones may still be on their way.
ENOUGH = 0.97
LABEL_CHARS, VALUE_CHARS = 44, 14
NO_LIMIT = ""

VISIT_ROWS = {
    "sent_bytes": "bytes on the wire",
    "raw_bytes": "bytes as they are",
    "n_requests": "requests",
    "load_ms": "loaded after, ms",
    "usable_ms": "can be used after, ms",
}
HELD_ROWS = {
    "object_bytes": "objects of the scripts, bytes",
    "n_nodes": "nodes",
    "n_listeners": "listeners",
}
# Beside those that shall stay flat.
TOLD_ROWS = {"code_bytes": "code that was compiled, bytes", "n_cards": "cards in the list"}


@dataclass(frozen=True)
class Busy:
    """What the main thread computed in each tenth of a second, in ms of a core.

    While nothing is asked, and with answers. answers_per_s: how many came in that time.
    """

    at_rest: list[float]
    with_answers: list[float]
    answers_per_s: float


def main() -> None:
    options = parse_options()
    about = {**machine(), "busy_cores_before": busy_cores()}
    try:
        visits, later, busy, holds = measure(options)
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    show_visits(visits, later)
    show_busy(busy)
    show_held(holds)
    kept = limits(visits, busy, holds)
    for limit, is_kept in kept.items():
        print(f"{'kept' if is_kept else 'NOT KEPT'}: {limit}")
    document = {
        "bench": "page",
        "date": date.today().isoformat(),
        "machine": about,
        "first_visit": {name: asdict(each) for name, each in visits.items()},
        "kept_for_later": dict(zip(("sent_bytes", "n_requests"), later, strict=True)),
        "main_thread_ms": {
            "at_rest": summarise(busy.at_rest),
            "with_answers": summarise(busy.with_answers),
            "answers_per_s": round(busy.answers_per_s, 2),
        },
        "held": [asdict(each) for each in holds],
        "kept": kept,
    }
    print(json.dumps(document))
    sys.exit(0 if all(kept.values()) else 1)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--visits", type=int, default=5, help="first visits of each kind")
    parser.add_argument("--live", type=int, default=300, help="so many live answers")
    parser.add_argument("--answers", type=int, default=1000, help="so many answers in all")
    return parser.parse_args()


Visits = dict[str, Visit]


def measure(options: argparse.Namespace) -> tuple[Visits, tuple[int, int], Busy, list[Held]]:
    with launch() as browser:
        with Server("ours", "demo", keeps_stamps=False) as server:
            server.wait()
            url = server.url.replace("127.0.0.1", "localhost")
            visits = visit(browser, url, options.visits)
            later = kept_for_later(url)
        with Paced() as paced:
            busy = live(browser, paced, options.live)
        with Paced() as paced:
            holds = hold(browser, paced, options.answers)
    return visits, later, busy, holds


def visit(browser: Browser, url: str, n: int) -> Visits:
    # What a server makes once, it makes for the first.
    first_visits(browser, url, 1, is_slow=False, is_joined=True)
    kinds = {"here": False, "10 Mbit/s, 40 ms": True}
    return {
        f"{name}{'' if is_joined else ', file by file'}": first_visits(
            browser, url, n, is_slow=is_slow, is_joined=is_joined
        )
        for name, is_slow in kinds.items()
        for is_joined in (True, False)
    }


def live(browser: Browser, server: Paced, n: int) -> Busy:
    """A full list, its page at rest, then as many live answers a second as are aimed at."""
    with open_page(browser, server.url) as (page, devtools):
        ask_by_hand(page, server, N_CARDS)
        devtools.send("Performance.enable")
        interval_s = 1 / ANSWERS_PER_S
        at_rest = busy_ms(page, devtools, n, interval_s, None)
        keep_looking(page)
        busy_ms(page, devtools, N_WARM_UPS, interval_s, server)
        begun, n_begun = monotonic(), n_live(page)
        with_answers = busy_ms(page, devtools, n, interval_s, server)
        rate = (n_live(page) - n_begun) / (monotonic() - begun)
    return Busy(at_rest, with_answers, rate)


def hold(browser: Browser, server: Paced, n: int) -> list[Held]:
    """Ask by hand; read what the page holds whenever the list could be full once more."""
    holds = []
    with open_page(browser, server.url) as (page, devtools):
        for n_answers in range(N_CARDS, n + 1, N_CARDS):
            ask_by_hand(page, server, N_CARDS)
            holds.append(held(page, devtools, n_answers))
    return holds


def summarise(values: list[float]) -> dict[str, float]:
    return {f"p{each}": round(percentile(values, each) or 0.0, 2) for each in (50, 95)}


def growth(holds: list[Held], name: str) -> float:
    """By how much the most there ever was is more than what there was when the list was full."""
    values = [asdict(each)[name] for each in holds]
    return max(values) / values[0] - 1


def limits(visits: Visits, busy: Busy, holds: list[Held]) -> dict[str, bool]:
    """Each limit, and whether it was kept."""
    sent = visits["here"].sent_bytes
    taken = {name: summarise(busy.with_answers)[name] for name in ("p50", "p95")}
    kept = {f"first visit below {MOST_SENT_BYTES:,} bytes": sent < MOST_SENT_BYTES}
    kept[f"{ANSWERS_PER_S} live answers a second"] = busy.answers_per_s >= ENOUGH * ANSWERS_PER_S
    kept |= {
        f"main thread, {name} of a live answer below {MOST_ANSWER_MS:g} ms": ms < MOST_ANSWER_MS
        for name, ms in taken.items()
    }
    return kept | {
        f"{words} flat within {MOST_GROWTH:.0%}": growth(holds, name) <= MOST_GROWTH
        for name, words in HELD_ROWS.items()
    }


def show_visits(visits: Visits, later: tuple[int, int]) -> None:
    for place in [name for name in visits if "file by file" not in name]:
        ours, plain = asdict(visits[place]), asdict(visits[f"{place}, file by file"])
        _show(f"first visit, {place}", "ours", "file by file", "ratio", "limit")
        for name, words in VISIT_ROWS.items():
            limit = f"{MOST_SENT_BYTES:,}" if name == "sent_bytes" else NO_LIMIT
            ratio = f"{plain[name] / ours[name]:.1f}"
            _show(words, f"{ours[name]:,.0f}", f"{plain[name]:,.0f}", ratio, limit)
    n_bytes, n_requests = later
    print(f"afterwards, kept for when the server is away: {n_bytes:,} bytes, {n_requests} requests")


def show_busy(busy: Busy) -> None:
    print()
    _show(
        "live answers a second", f"{busy.answers_per_s:.1f}", NO_LIMIT, NO_LIMIT, f"{ANSWERS_PER_S}"
    )
    _show("main thread per tenth of a second, ms", "one answer", "at rest", "difference", "limit")
    rest, answers = summarise(busy.at_rest), summarise(busy.with_answers)
    for name, ms in answers.items():
        more = f"{ms - rest[name]:+.1f}"
        _show(name, f"{ms:.1f}", f"{rest[name]:.1f}", more, f"{MOST_ANSWER_MS:g}")


def show_held(holds: list[Held]) -> None:
    print()
    _show("held after so many answers", *(f"{each.n_answers:,}" for each in holds), "most / first")
    for name, words in {**HELD_ROWS, **TOLD_ROWS}.items():
        values = [f"{asdict(each)[name]:,}" for each in holds]
        _show(words, *values, f"{1 + growth(holds, name):.3f}")


def _show(label: str, *values: str) -> None:
    print(f"{label:<{LABEL_CHARS}}" + "".join(f"{value:>{VALUE_CHARS}}" for value in values))


if __name__ == "__main__":
    main()
