"""How much may be asked of a cluster, by all web tiers together."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count

import pytest

from tests.backends.replicas.asking import (
    JPEG,
    LIMITS,
    LONG,
    N_REPLICAS,
    ROWS,
    SHORT,
    answered,
    clients,
    tier,
)
from tests.ray_cluster import OBJECT_STORE_BYTES
from tests.server import Client, Server, end_of, over_the_wire

pytestmark = pytest.mark.ray

N_WAITING = int(LIMITS[LIMITS.index("--max-waiting") + 1])
MEGABYTE = 2**20
# Of the questions that each client asks at once.
IDS = "1234"


def large_picture(number: int, n_bytes: int) -> bytes:
    """A picture of its own, with what nobody looks at behind it."""
    return JPEG + bytes([number]) * (n_bytes - len(JPEG))


@over_the_wire
async def test_pictures_of_eight_megabytes_are_answered_though_they_fill_the_store(server):
    n_askers = OBJECT_STORE_BYTES // (8 * MEGABYTE) + 4
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, n_askers)
        for number, each in enumerate(askers):
            image = large_picture(number, 8 * MEGABYTE)
            await each.send(id="1", question="And?", image=image, settings=SHORT)
        assert {end_of(await each.response("1")) for each in askers} == {"length"}


async def ask_much(askers: list[Client], server: Server) -> int:
    """Have each ask four long questions; returns how many were refused, once that is known."""
    for each in askers:
        for id in IDS:
            await each.send(id=id, question="All?", image=JPEG, settings=LONG)
    n_open, refused = 0, []
    while n_open + len(refused) < len(IDS) * len(askers):
        n_open = await asyncio.to_thread(server.n_open)
        refused = [told for each in askers for name, told in each.events if name == "response"]
    assert {end_of(each) for each in refused} <= {"busy"}
    return len(refused)


async def stop(askers: list[Client]) -> None:
    for each in askers:
        for id in IDS:
            await each.emit("cancel", {"id": id})
            await each.response(id)
        each.events.clear()


@over_the_wire
async def test_line_that_one_tier_has_filled_is_full_for_the_others_too(where, server):
    """Ten tiers do not promise ten times the line."""
    n_askers = (N_REPLICAS * ROWS + N_WAITING) // len(IDS)
    async with AsyncExitStack() as stack:
        other = stack.enter_context(tier(where))
        here = await clients(stack, server, n_askers)
        there = await clients(stack, other, n_askers)
        assert await ask_much(here, server) == 0
        # What tiers know of each other is a second old, and a replica may have more than the other.
        while await ask_much(there, other) < n_askers * len(IDS) / 2:
            await stop(there)
        await stop(there)
        await stop(here)
        ids = (f"after {n}" for n in count())
        while (end := await answered(there[0], next(ids))) == "busy":
            pass
        assert end == "length"
