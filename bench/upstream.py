"""What `--upstream` adds to an answer: `python -m bench.upstream [--model demo]`.

Two real servers on this machine: one has the model, the other asks the first. One page asks in
turns the first by itself, and the first through the second, each about a frame nobody has seen;
and so does a bare program that reads the very stream which the second server reads. The last line
is one JSON document.
"""

import argparse
import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from statistics import median
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp

from bench.clients import OK, Ask, BenchFailed, Client, PageClient, Record, descriptions, draw_views
from bench.figures import busy_cores, machine, percentile
from bench.victim import running

N_WARM_UPS = 5
# What came at once took no time that this clock could tell.
MIN_S = 1e-3
# What the doors of other programs are asked with; they name the picture otherwise.
NAMES = {"image": "image_url"}
DIRECT, STREAM, THROUGH = SIDES = ("direct", "its stream alone", "through --upstream")


@dataclass
class Side:
    """One way to ask, and what was seen of it.

    first_word_ms: from each question to its first word. words_per_s: of each answer, from its first
    word to its last.
    """

    client: Client
    first_word_ms: list[float] = field(default_factory=list)
    words_per_s: list[float] = field(default_factory=list)

    async def ask(self, asked: Ask) -> Any:
        """Ask one thing and note when its words came; returns what the client does."""
        record = Record()
        response = await self.client.ask(asked, record)
        (arrivals,) = record.arrivals.values()
        self.first_word_ms += record.wait_ms[0]
        taken_s = arrivals[-1][0] - arrivals[0][0]
        self.words_per_s.append((record.n_tokens - 1) / max(taken_s, MIN_S))
        return response


@dataclass(frozen=True)
class Row:
    """What one side takes. added_ms, rate_ratio: beside `direct`, the medians of view by view."""

    name: str
    first_word_p50_ms: float
    first_word_p99_ms: float
    words_per_s: float
    added_ms: float
    rate_ratio: float


class StreamClient:
    """Reads what a server streams to programs, with nothing that is not needed for that."""

    async def connect(self, url: str) -> None:
        self._session = aiohttp.ClientSession(url)

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, asked: Ask, record: Record) -> None:
        body = {NAMES.get(name, name): value for name, value in asked.payload.items()}
        body["image_url"] = b64encode(body["image_url"]).decode()
        arrivals, end, asked_at = [], {}, monotonic()
        async with self._session.post(f"/v1/{asked.event}", json={**body, "stream": True}) as reply:
            if reply.status != OK:
                raise BenchFailed(f"The server answered: {await reply.text()}")
            async for line in reply.content:
                if line.startswith(b"data: {"):
                    end = json.loads(line.removeprefix(b"data: "))
                    if text := end.get("chunk"):
                        arrivals.append((monotonic(), len(text)))
        record.keep(0, asked_at, uuid4().hex, arrivals, end["usage"]["completion_tokens"])


async def compare(direct_url: str, through_url: str, n_answers: int) -> dict[str, Side]:
    """Let the sides take turns, question by question: other work on the machine slows all alike."""
    sides = {
        DIRECT: Side(PageClient(0)),
        STREAM: Side(StreamClient()),
        THROUGH: Side(PageClient(0)),
    }
    for name, side in sides.items():
        await side.client.connect(through_url if name == THROUGH else direct_url)
    asks = _asks(N_WARM_UPS + n_answers)
    for turn in range(N_WARM_UPS + n_answers):
        for side in sides.values():
            if turn == N_WARM_UPS:
                side.first_word_ms, side.words_per_s = [], []
            await side.ask(next(asks))
    for side in sides.values():
        await side.client.close()
    return sides


def _asks(n_views: int) -> Iterator[Ask]:
    """A long description of each view, where words follow words: once for each side.

    Numbers in comments make no fresh frame here: pictures leave for another server without them.
    """
    for asked in descriptions([view for view in draw_views(n_views) for _ in SIDES]):
        # The page sends a picture as its bytes.
        image = b64decode(asked.payload["image"].partition(",")[2])
        yield Ask("caption", {"image": image, "length": "long"})


def row(name: str, side: Side, direct: Side) -> Row:
    added = [ms - beside for ms, beside in _pairs(side.first_word_ms, direct.first_word_ms)]
    ratios = [rate / beside for rate, beside in _pairs(side.words_per_s, direct.words_per_s)]
    return Row(
        name,
        median(side.first_word_ms),
        percentile(side.first_word_ms, 99) or 0,
        median(side.words_per_s),
        median(added),
        median(ratios),
    )


def _pairs(values: list[float], others: list[float]) -> Iterator[tuple[float, float]]:
    return zip(values, others, strict=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.upstream", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--answers", type=int, default=200, help="of each side")
    options = parser.parse_args()
    before = busy_cores()
    with (
        running(options.model) as direct,
        running("auto", "--upstream", direct.url) as through,
    ):
        asyncio.run(direct.wait_until_ready())
        asyncio.run(through.wait_until_ready())
        sides = asyncio.run(compare(direct.url, through.url, options.answers))
    rows = [row(name, side, sides[DIRECT]) for name, side in sides.items()]
    print(
        f"{'':22}{'first word p50, ms':>20}{'p99, ms':>10}{'added p50':>11}{'words / s':>12}{'':>8}"
    )
    for each in rows:
        print(
            f"{each.name:22}{each.first_word_p50_ms:20.2f}{each.first_word_p99_ms:10.2f}"
            f"{each.added_ms:+11.2f}{each.words_per_s:12.1f}{each.rate_ratio:7.2f}x"
        )
    about = {**machine(), "busy_cores_before": before}
    document = {"bench": "upstream", "date": date.today().isoformat(), "machine": about}
    print(json.dumps({**document, "rows": [asdict(each) for each in rows]}))


if __name__ == "__main__":
    main()
