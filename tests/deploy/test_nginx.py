"""Two web tiers behind nginx: who stays where, and what becomes of pages whose tier goes."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest

from tests.backends.replicas.asking import answered, begin
from tests.nginx import nginx
from tests.ray_cluster import RayCluster
from tests.server import Client, Server, end_of, over_the_wire, serve

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

N_PAGES = 8
ROWS = "--max-running", "8", "--max-waiting", "16"
TRANSPORTS = (("websocket",), ("polling",), ("polling", "websocket"))
# Eight of them take some seconds.
LONG = {"max_tokens": 600}


@pytest.fixture(scope="module")
def where(cluster: RayCluster, long_checkpoint: Path) -> Iterator[str]:
    with cluster.deployed("--model", str(long_checkpoint), *ROWS) as where:
        yield where


@pytest.fixture
def tiers(where: str) -> Iterator[list[Server]]:
    options = ("--ray", where, *ROWS, "--trusted-proxy", "127.0.0.1")
    with serve(*options) as first, serve(*options) as second:
        yield [each.wait_until_ready() for each in (first, second)]


@pytest.fixture
def front(tiers: list[Server], tmp_path: Path) -> Iterator[str]:
    with nginx(tmp_path, tiers) as url:
        yield url


async def open_page(stack: AsyncExitStack, url: str, *transports: str) -> Client:
    """A page as a browser opens it, which keeps the cookie that it is given."""
    jar = aiohttp.CookieJar(unsafe=True)
    session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
    async with session.get(url) as response:
        await response.read()
    assert [each.key for each in jar] == ["tier"]
    page = Client(reconnects=True, session=session)
    await page.connect(url, *transports)
    stack.push_async_callback(page.close)
    return page


def n_answered(tier: Server) -> int:
    told = tier.get("/metrics")[2].decode()
    counts = re.findall(r'^moonsight_requests_total\{.*door="page".*\} ([\d.]+)$', told, re.M)
    return sum(int(float(each)) for each in counts)


async def tier_of(page: Client, tiers: list[Server]) -> Server:
    """The tier at which a page is."""
    before = [n_answered(tier) for tier in tiers]
    await answered(page, "where")
    [home] = [tier for tier, n in zip(tiers, before, strict=True) if n_answered(tier) > n]
    return home


def n_ends(page: Client, id: str) -> int:
    return [name for name, _ in page.story(id)].count("response")


@over_the_wire
async def test_every_kind_of_connection_stays_at_its_tier(front, tiers):
    async with AsyncExitStack() as stack:
        pages = [await open_page(stack, front, *each) for each in TRANSPORTS * N_PAGES]
        for n in range(2):
            ends = await asyncio.gather(*(answered(page, f"q{n}") for page in pages))
            assert set(ends) == {"length"}
    counts = [n_answered(tier) for tier in tiers]
    # What one has asked, the other does not know: its pages would have been disconnected.
    assert sum(counts) == 2 * len(pages)
    assert all(count % 2 == 0 for count in counts)
    assert all(counts)


def test_program_without_a_cookie_is_answered(front):
    with urlopen(f"{front}/v1/models") as response:
        assert response.status == 200


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_tier_that_is_drained_ends_what_runs_and_its_pages_go_on_elsewhere(front, tiers, transport):
    drain(front, tiers, transport)


@over_the_wire
async def drain(front: str, tiers: list[Server], transport: str) -> None:
    async with AsyncExitStack() as stack:
        pages = [await open_page(stack, front, transport) for _ in range(N_PAGES)]
        homes = [await tier_of(page, tiers) for page in pages]
        assert set(homes) == set(tiers)
        leaving = tiers[0]
        await asyncio.gather(*(begin(page, LONG) for page in pages))
        leaving.process.terminate()
        assert {end_of(await page.response("long")) for page in pages} == {"length"}
        assert await asyncio.to_thread(leaving.wait) == 0
        for page, home in zip(pages, homes, strict=True):
            await page.count("connect", 2 if home is leaving else 1)
            assert await answered(page, "short") == "length"
            assert n_ends(page, "long") == 1


@over_the_wire
async def test_pages_of_a_tier_that_is_killed_go_on_elsewhere(front, tiers):
    async with AsyncExitStack() as stack:
        pages = [await open_page(stack, front) for _ in range(N_PAGES)]
        homes = [await tier_of(page, tiers) for page in pages]
        killed = tiers[0]
        await asyncio.gather(*(begin(page, LONG) for page in pages))
        await asyncio.to_thread(killed.close)
        for page, home in zip(pages, homes, strict=True):
            if home is killed:
                await page.count("connect", 2)
            else:
                await page.response("long")
            assert await answered(page, "short") == "length"
            # Nobody is left who could tell the end of the others; their page says so itself.
            assert n_ends(page, "long") == (0 if home is killed else 1)
