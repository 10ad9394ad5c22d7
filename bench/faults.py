"""Send a real server what nobody should, and see that nothing is lost: `python -m bench.faults`.

In turn: malformed requests at every door, connections cut in every phase, many clients at once, a
model's process killed under them, the whole server killed and started again. Every request that was
sent whole must get exactly one end; what it leaves behind is counted. Exit code 1 when something
was lost, doubled, broken or leaked. The last line is one JSON document.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from random import Random
from time import monotonic

import aiohttp

from bench.clients import BenchFailed
from bench.ends import ANSWER_TIMEOUT_S, Page, Phase, page, post
from bench.figures import machine
from bench.hostile import BODIES, EVENTS, Hostile, hostile_events, hostile_posts
from bench.victim import POLL_S, Held, Victim, running

# What the server may hold more at the end: caches that fill, and garbage that is not collected yet.
MAX_GROWTH_BYTES = 64 * 2**20
# What ends by itself ends within this.
SETTLE_TIMEOUT_S = 20.0
# Who sends malformed requests at once, and how many a second at each kind of door: more would be
# refused unread.
N_SENDERS, PER_S = 4, 100
# Of what went wrong, so much is printed.
N_SHOWN = 5


async def malformed(victim: Victim, phase: Phase, n_per_door: int) -> None:
    """Send so many malformed requests to every door, and after them a good one each."""
    posts = islice(hostile_posts(seed=1), n_per_door * (len(BODIES) + 1))
    events = islice(hostile_events(seed=1), n_per_door * len(EVENTS))
    timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)

    async def send_posts(session: aiohttp.ClientSession) -> None:
        for sent in posts:
            await post(session, sent, phase)
            await asyncio.sleep(N_SENDERS / PER_S)

    async def send_events(client: Page) -> None:
        for name, payload in events:
            await client.ask(name, payload)
            await asyncio.sleep(1 / PER_S)

    async with aiohttp.ClientSession(victim.url, timeout=timeout) as session:
        async with page(victim.url, phase) as client:
            await asyncio.gather(
                *(send_posts(session) for _ in range(N_SENDERS)), send_events(client)
            )
        await everybody(victim, phase, 1)


def cut(victim: Victim, phase: Phase, n_per_place: int) -> None:
    """Hang up in every phase of a request, politely and not; nobody is left to be answered."""
    random = Random(1)
    body = json.dumps({**BODIES["/v1/caption"], "stream": True}).encode()
    head = (
        "POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    whole = head + body
    places = (0, 4, len(head) // 2, len(head), len(head) + len(body) // 2, len(whole))
    for place in places * n_per_place:
        phase.sent += 1
        with socket.create_connection(("127.0.0.1", victim.port), ANSWER_TIMEOUT_S) as connection:
            connection.sendall(whole[:place])
            if place == len(whole) and random.random() < 0.5:
                # In the middle of the answer.
                connection.recv(1)
            if random.random() < 0.5:
                reset = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)


async def everybody(victim: Victim, phase: Phase, n_clients: int) -> None:
    """Let so many pages and so many programs ask something good, all at once."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
    connector = aiohttp.TCPConnector(limit=0)

    async def one_page(number: int) -> None:
        async with page(victim.url, phase) as client:
            name = list(EVENTS)[number % len(EVENTS)]
            await client.ask(name, EVENTS[name])

    async with aiohttp.ClientSession(victim.url, timeout=timeout, connector=connector) as session:
        paths = list(BODIES)

        async def one_program(number: int) -> None:
            path = paths[number % len(paths)]
            sent = Hostile(path, "application/json", json.dumps(BODIES[path]).encode())
            await post(session, sent, phase)

        await asyncio.gather(
            *(one_page(number) for number in range(n_clients)),
            *(one_program(number) for number in range(n_clients)),
        )


async def killed_under(victim: Victim, phase: Phase, n_clients: int) -> None:
    """Kill the model's process while everybody asks: each hears one end, and then it answers."""
    asking = asyncio.create_task(everybody(victim, phase, n_clients))
    await asyncio.sleep(POLL_S)
    victim.kill_model()
    await asking
    await victim.wait_until_ready()
    await everybody(victim, phase, 1)


async def started_again(victim: Victim, phase: Phase) -> None:
    """Kill the server and start it on the same port."""
    victim.kill()
    victim.start()
    await victim.wait_until_ready()
    await everybody(victim, phase, 1)


@dataclass(frozen=True)
class Size:
    """How much is sent: malformed requests per door, cuts per place, clients of each door."""

    n_malformed: int = 500
    n_cuts: int = 20
    n_clients: int = 32


async def torment(victim: Victim, size: Size) -> tuple[list[Phase], dict[str, int]]:
    """Go through all phases; returns them, and what the server held more after them than before."""
    await victim.wait_until_ready()
    warm_up = Phase("warm-up")
    await everybody(victim, warm_up, size.n_clients)
    before = victim.held()
    phases = [Phase("malformed"), Phase("cut off"), Phase("everybody")]
    await malformed(victim, phases[0], size.n_malformed)
    await asyncio.to_thread(cut, victim, phases[1], size.n_cuts)
    await everybody(victim, phases[2], size.n_clients)
    leaked = await leaks(victim, before)
    phases += [Phase("model killed"), Phase("server killed")]
    await killed_under(victim, phases[3], size.n_clients)
    await started_again(victim, phases[4])
    return phases, leaked


async def leaks(victim: Victim, before: Held) -> dict[str, int]:
    """What is held more than before, once what ends by itself has ended."""
    gives_up_at = monotonic() + SETTLE_TIMEOUT_S
    while True:
        now = victim.held()
        leaked = {
            "threads": max(0, now.threads - before.threads),
            "descriptors": max(0, now.descriptors - before.descriptors),
            "bytes": max(0, now.n_bytes - before.n_bytes - MAX_GROWTH_BYTES),
        }
        if not any(leaked.values()) or monotonic() > gives_up_at:
            return leaked
        await asyncio.sleep(POLL_S)


def show(phases: list[Phase], leaked: dict[str, int]) -> None:
    """Print the table for people."""
    columns = ("sent", "answered", "refused", "broken", "lost", "doubled")
    print(f"{'':16}" + "".join(f"{name:>10}" for name in columns))
    for phase in phases:
        counts = (getattr(phase, name) for name in columns)
        print(f"{phase.name:16}" + "".join(f"{count:>10,}" for count in counts))
        for told in phase.told[:N_SHOWN]:
            print(f"  {told[:200]}")
    print("leaked: " + ", ".join(f"{count:,} {name}" for name, count in leaked.items()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    for name, text in (
        ("n_malformed", "malformed requests at each door"),
        ("n_cuts", "connections cut at each place"),
        ("n_clients", "clients of each door that ask at once"),
    ):
        option = f"--{name.removeprefix('n_')}"
        parser.add_argument(option, dest=name, type=int, default=getattr(Size, name), help=text)
    options = vars(parser.parse_args())
    began_at = monotonic()
    try:
        with running(options.pop("model")) as victim:
            phases, leaked = asyncio.run(torment(victim, Size(**options)))
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    show(phases, leaked)
    document = {
        "bench": "faults",
        "date": date.today().isoformat(),
        "machine": machine(),
        "seconds": round(monotonic() - began_at, 1),
        "phases": [asdict(phase) for phase in phases],
        "leaked": leaked,
    }
    print(json.dumps(document))
    sys.exit(not all(phase.is_right for phase in phases) or any(leaked.values()))


if __name__ == "__main__":
    main()
