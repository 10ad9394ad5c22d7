"""What replicas on a cluster cost and bear: `python -m bench.cluster [--replicas 2]`.

On this machine: one server that has the model, and beside it a cluster of replicas with a web tier
before it. Both are asked in turns: by one page, by eight at once, and to stop. Then pages ask about
the same frames again, and it is counted how many come to the replica that has looked; then they go
on asking while something is done to the cluster. Exit code 1 when a request was lost, doubled or
broke. The last line is one JSON document.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from statistics import median
from time import monotonic
from typing import TypeVar

from bench.clients import (
    Ask,
    BenchFailed,
    Client,
    PageClient,
    Record,
    descriptions,
    draw_views,
    fresh_frames,
)
from bench.cluster_faults import N_PAGES, N_VIEWS, Fault, faults
from bench.figures import busy_cores, machine
from bench.local_cluster import local_cluster
from bench.upstream import N_WARM_UPS, Row, Side, row
from bench.victim import running

SIDES = ("one machine", "replicas")


@dataclass
class ClusterSide(Side):
    """What is seen of it besides, in milliseconds: the way to the server and back to the page, all
    that the model itself did not take; and the time from *stop* to the end.
    """

    url: str = ""
    way_ms: list[float] = field(default_factory=list)
    cancel_ms: list[float] = field(default_factory=list)
    n_answers: int = 0
    seconds: float = 0.0

    @property
    def answers_per_s(self) -> float:
        return self.n_answers / self.seconds


class Canceller(PageClient):
    """Stops each answer at its first word."""

    def _on_token(self, payload: dict) -> None:
        if not self._arrivals:
            self.stopped_at = monotonic()
            self._stopping = asyncio.create_task(self._socket.emit("cancel", {"id": payload["id"]}))
        super()._on_token(payload)

    async def time_to_stop(self, asked: Ask) -> float | None:
        """Milliseconds from the first word until the end; None when the answer was shorter."""
        response = await self.ask(asked, Record())
        took_ms = (monotonic() - self.stopped_at) * 1000
        return took_ms if response["finish_reason"] == "cancelled" else None


async def ask_in_turns(sides: list[ClusterSide], n_answers: int) -> None:
    """Let one page of each side ask about the same views in turns: other work on the machine slows
    both alike.
    """
    views = draw_views(N_WARM_UPS + n_answers)
    # Each is asked about twice by each side.
    asks = descriptions([view for view in views for _ in range(2 * len(sides))])
    async with AsyncExitStack() as stack:
        cancellers = [await _opened(stack, Canceller(0), side.url) for side in sides]
        for side in sides:
            await _opened(stack, side.client, side.url)
        for turn in range(N_WARM_UPS + n_answers):
            for side, canceller in zip(sides, cancellers, strict=True):
                if turn == N_WARM_UPS:
                    side.first_word_ms, side.words_per_s = [], []
                    side.way_ms, side.cancel_ms = [], []
                response = await side.ask(next(asks))
                side.way_ms.append(side.first_word_ms[-1] - response["timings"]["first_token_ms"])
                side.cancel_ms += filter(None, [await canceller.time_to_stop(next(asks))])


async def ask_at_once(sides: list[ClusterSide], n_rounds: int, seconds: float) -> None:
    """Let eight pages of each side ask again and again, side by side in turns."""
    asks = descriptions(draw_views(N_VIEWS))
    async with AsyncExitStack() as stack:
        pages = [
            [await _opened(stack, PageClient(n), side.url) for n in range(N_PAGES)]
            for side in sides
        ]
        for _ in range(n_rounds):
            for side, clients in zip(sides, pages, strict=True):
                began_at, record = monotonic(), Record()
                until = began_at + seconds
                await asyncio.gather(*(_keep_asking(each, asks, record, until) for each in clients))
                side.n_answers += record.n_answers
                side.seconds += monotonic() - began_at


async def _keep_asking(
    client: PageClient, asks: Iterator[Ask], record: Record, until: float
) -> None:
    while monotonic() < until:
        await client.ask(next(asks), record)


async def share_that_came_home(url: str, n_pages: int, n_follow_ups: int) -> float:
    """Of questions about a frame that was looked at, those for which nothing was looked at anew."""
    frames = list(islice(fresh_frames(draw_views(n_pages)), n_pages))
    n_home = 0
    async with AsyncExitStack() as stack:
        pages = [await _opened(stack, PageClient(n), url) for n in range(n_pages)]
        for client, asks in zip(pages, frames, strict=True):
            questions = (each for each in asks if each.event == "query")
            await client.ask(next(questions), Record())
            for asked in islice(questions, n_follow_ups):
                told = await client.ask(asked, Record())
                n_home += told["timings"]["encode_ms"] == 0
    return n_home / (n_pages * n_follow_ups)


Opened = TypeVar("Opened", bound=Client)


async def _opened(stack: AsyncExitStack, client: Opened, url: str) -> Opened:
    await client.connect(url)
    stack.push_async_callback(client.close)
    return client


@dataclass(frozen=True)
class ClusterRow(Row):
    """What one side takes, beside one machine."""

    way_p50_ms: float
    cancel_p50_ms: float
    answers_per_s: float


def cluster_row(name: str, side: ClusterSide, alone: ClusterSide) -> ClusterRow:
    return ClusterRow(
        **asdict(row(name, side, alone)),
        way_p50_ms=median(side.way_ms),
        cancel_p50_ms=median(side.cancel_ms) if side.cancel_ms else 0,
        answers_per_s=side.answers_per_s,
    )


@dataclass(frozen=True)
class Measured:
    """Everything. tier_ms: of a processor, for an answer: the web tier's loop, its model's process.

    follow_ups_home: the share that came to the replica that had looked.
    """

    rows: list[ClusterRow]
    tier_ms: list[float]
    follow_ups_home: float
    faults: list[Fault]


COLUMNS = {
    "first_word_p50_ms": "first word, ms",
    "first_word_p99_ms": "p99",
    "added_ms": "added",
    "way_p50_ms": "way, ms",
    "words_per_s": "words / s",
    "rate_ratio": "ratio",
    "cancel_p50_ms": "to stop, ms",
    "answers_per_s": "8: answers / s",
}


def show(measured: Measured) -> None:
    """Print the tables for people."""
    print(f"{'':14}" + "".join(f"{label:>16}" for label in COLUMNS.values()))
    for each in measured.rows:
        print(f"{each.name:14}" + "".join(f"{getattr(each, name):16.2f}" for name in COLUMNS))
    print(f"\n{measured.follow_ups_home:.0%} of follow-ups came to the replica that had looked")
    loop_ms, model_ms = measured.tier_ms
    print(
        f"of a processor, for an answer: loop {loop_ms:.1f} ms, model's process {model_ms:.1f} ms\n"
    )
    columns = ("sent", "answered", "refused", "broken", "lost", "doubled")
    print(f"{'':24}" + "".join(f"{name:>10}" for name in columns) + f"{'longest gap, s':>18}")
    for fault in measured.faults:
        counts = "".join(f"{getattr(fault.ends, name):>10,}" for name in columns)
        print(f"{fault.ends.name:24}{counts}{fault.gap_s:18.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--answers", type=int, default=100, help="of one page, of each side")
    parser.add_argument("--rounds", type=int, default=3, help="how often eight ask, of each side")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one such round")
    parser.add_argument("--pages", type=int, default=50, help="pages that ask about frames again")
    options = parser.parse_args()
    about = {**machine(), "busy_cores_before": busy_cores()}
    try:
        measured = measure(options)
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    show(measured)
    document = {
        "bench": "cluster",
        "date": date.today().isoformat(),
        "machine": about,
        "replicas": options.replicas,
        **asdict(measured),
    }
    print(json.dumps(document))
    sys.exit(not all(each.ends.is_right for each in measured.faults))


def measure(options: argparse.Namespace) -> Measured:
    """Start both sides and ask them everything."""
    with (
        local_cluster(options.model, options.replicas) as cluster,
        running("auto", "--ray", cluster.address) as tier,
    ):
        with running(options.model) as alone:
            for server in (tier, alone):
                asyncio.run(server.wait_until_ready())
            sides = [ClusterSide(PageClient(0), url=each.url) for each in (alone, tier)]
            asyncio.run(ask_in_turns(sides, options.answers))
            before = tier.cpu_seconds()
            asyncio.run(ask_at_once(sides, options.rounds, options.seconds))
            taken = [b - a for a, b in zip(before, tier.cpu_seconds(), strict=True)]
            tier_ms = [1000 * each / sides[1].n_answers for each in taken]
            home = asyncio.run(share_that_came_home(tier.url, options.pages, 3))
        seen = asyncio.run(faults(cluster, tier))
    rows = [cluster_row(name, side, sides[0]) for name, side in zip(SIDES, sides, strict=True)]
    return Measured(rows, tier_ms, home, seen)


if __name__ == "__main__":
    main()
