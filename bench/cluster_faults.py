"""What pages see while something is done to a cluster: a part of `bench.cluster`."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic

import aiohttp
import psutil

from bench.clients import BenchFailed, descriptions, draw_views
from bench.ends import Page, Phase, page
from bench.local_cluster import LocalCluster
from bench.victim import POLL_S, START_TIMEOUT_S, Victim

N_PAGES, N_VIEWS = 8, 64
# How long pages ask before and after something happens.
BEFORE_S, AFTER_S = 2.0, 8.0


@dataclass
class Fault:
    """What pages saw while something happened. gap_s: the longest time without any answer."""

    ends: Phase
    gap_s: float = 0.0


async def under(name: str, url: str, happen: Callable[[], Awaitable[None]]) -> Fault:
    """Have eight pages ask on and on, and something happen meanwhile."""
    fault, asks = Fault(Phase(name)), descriptions(draw_views(N_VIEWS))
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(page(url, fault.ends)) for _ in range(N_PAGES)]
        answered_at, is_over = [monotonic()], asyncio.Event()

        async def keep_asking(client: Page) -> None:
            while not is_over.is_set():
                n_before, asked = fault.ends.answered, next(asks)
                await client.ask(asked.event, asked.payload)
                if fault.ends.answered > n_before:
                    answered_at.append(monotonic())

        asking = [asyncio.create_task(keep_asking(each)) for each in pages]
        await asyncio.sleep(BEFORE_S)
        await happen()
        await asyncio.sleep(AFTER_S)
        is_over.set()
        await asyncio.gather(*asking)
    fault.gap_s = max(b - a for a, b in pairwise(answered_at))
    return fault


async def until_whole(cluster: LocalCluster, tier: Victim) -> None:
    """Wait until the web tier hears of as many replicas as there should be. Raises BenchFailed."""
    gives_up_at = monotonic() + START_TIMEOUT_S
    async with aiohttp.ClientSession() as session:
        while monotonic() < gives_up_at:
            async with session.get(f"{tier.url}/healthz") as reply:
                told = await reply.json()
            if told["cluster"]["n_replicas"] == cluster.n_replicas:
                return
            await asyncio.sleep(POLL_S)
    raise BenchFailed("The replicas did not come back.")


async def faults(cluster: LocalCluster, tier: Victim) -> list[Fault]:
    """Do to the cluster what happens to clusters; each once all replicas are there."""

    async def kill() -> None:
        cluster.replicas()[0].kill()

    silent: list[psutil.Process] = []

    async def hang() -> None:
        silent.append(cluster.replicas()[0])
        silent[0].send_signal(signal.SIGSTOP)

    async def deploy_again() -> None:
        await asyncio.to_thread(cluster.deploy)

    async def kill_tiers_model() -> None:
        tier.kill_model()

    async def nothing() -> None:
        pass

    told = []
    for name, happen in (
        ("nothing", nothing),
        ("replica killed", kill),
        ("replica hangs", hang),
        ("deployed again", deploy_again),
        ("tier's process killed", kill_tiers_model),
    ):
        await until_whole(cluster, tier)
        told.append(await under(name, tier.url, happen))
        for each in silent:
            # It would be given a minute to end.
            with suppress(psutil.NoSuchProcess):
                each.kill()
    return told
