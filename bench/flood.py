"""How long a person waits while programs ask as fast as they can: `python -m bench.flood`.

One page asks a real server question after question, each about a fresh frame: alone, beside one
program that asks good questions without a pause, beside 8 and 64 of them, and beside 64 that send
nonsense. An answer of the page's own, alone, is what it should be delayed by at most. The last line
is one JSON document.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.synchronize import Event

import aiohttp

from bench.clients import Ask, PageClient, Record, draw_views, fresh_frames
from bench.figures import busy_cores, machine, percentile
from bench.hostile import BODIES
from bench.victim import Victim, running

PATH = "/v1/query"
MAX_TOKENS = 50
# Before a flood is measured it runs for so long.
FLOODED_S = 1.0
N_WARM_UPS = 3


@dataclass(frozen=True)
class Flood:
    """Programs that ask without a pause. is_good: something that can be answered."""

    name: str
    n_programs: int
    is_good: bool = True

    def bodies(self) -> Iterator[bytes]:
        for number in count():
            question = {"question": f"What is it? {number}", "settings": {"max_tokens": MAX_TOKENS}}
            yield json.dumps({**BODIES[PATH], **question} if self.is_good else {}).encode()


@dataclass(frozen=True)
class Waits:
    """Milliseconds from the page's question to its first word."""

    name: str
    p50_ms: float | None
    p99_ms: float | None


FLOODS = (
    Flood("nobody", 0),
    Flood("1 program", 1),
    Flood("8 programs", 8),
    Flood("64 programs", 64),
    Flood("64, nonsense", 64, is_good=False),
)


def pour(url: str, flood: Flood, is_over: Event) -> None:
    """Ask without a pause until told to stop, in a process of its own."""

    async def ask_on(session: aiohttp.ClientSession) -> None:
        for body in flood.bodies():
            if is_over.is_set():
                return
            async with session.post(PATH, data=body, headers={"Content-Type": "application/json"}):
                pass

    async def ask_all() -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(url, connector=connector) as session:
            await asyncio.gather(*(ask_on(session) for _ in range(flood.n_programs)))

    asyncio.run(ask_all())


@contextmanager
def pouring(url: str, flood: Flood) -> Iterator[None]:
    context = get_context("spawn")
    is_over = context.Event()
    process = context.Process(target=pour, args=(url, flood, is_over), daemon=True)
    process.start()
    try:
        yield
    finally:
        is_over.set()
        process.join()


async def wait_beside(victim: Victim, name: str, asks: Iterator[Ask], n_questions: int) -> Waits:
    """Ask so many questions on one page and measure each wait."""
    page, record = PageClient(0), Record()
    await page.connect(victim.url)
    await asyncio.sleep(FLOODED_S)
    for asked in islice(asks, N_WARM_UPS):
        await page.ask(asked, Record())
    for asked in islice(asks, n_questions):
        await page.ask(asked, record)
    await page.close()
    waits = record.wait_ms.get(0, [])
    return Waits(name, percentile(waits, 50), percentile(waits, 99))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--questions", type=int, default=60, help="the page's, beside each flood")
    parser.add_argument("--floods", type=int, default=len(FLOODS), help="only the first so many")
    options = parser.parse_args()
    frames = fresh_frames(draw_views(16))
    asks = (next(each for each in asks if each.event == "query") for asks in frames)
    rows = []
    with running(options.model) as victim:
        asyncio.run(victim.wait_until_ready())
        for flood in FLOODS[: options.floods]:
            with ExitStack() as stack:
                if flood.n_programs:
                    stack.enter_context(pouring(victim.url, flood))
                waits = wait_beside(victim, flood.name, asks, options.questions)
                rows.append(asyncio.run(waits))
    print(f"{'beside':16}{'first word p50, ms':>22}{'p99, ms':>12}")
    for row in rows:
        print(f"{row.name:16}{row.p50_ms or 0:22.1f}{row.p99_ms or 0:12.1f}")
    about = {**machine(), "busy_cores": busy_cores()}
    document = {"bench": "flood", "date": date.today().isoformat(), "machine": about}
    print(json.dumps({**document, "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
