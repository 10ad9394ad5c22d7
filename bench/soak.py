"""Ask our server thousands of questions and watch its memory: `python -m bench.soak`.

Each question is about a frame of its own, and nothing is noted in the server. Frames are as large
as a camera's, so that what the server keeps of them, encoded or looked at, has reached its bounds
within the first EARLY_ANSWERS answers; a leak goes on after that. Exit code 1 when its
memory grew by FLAT_GROWTH or more after the first EARLY_ANSWERS answers. The last line is one JSON
document.
"""

import argparse
import asyncio
import json
import math
import sys
from datetime import date

from bench.clients import BenchFailed, Load, Record, draw_views, fresh_frames, measure
from bench.figures import machine
from bench.memory import EARLY_ANSWERS, FLAT_GROWTH, MemoryWatch
from bench.serve import Server

FRAME_BYTES = 400 * 2**10


def main() -> None:
    options = parse_options()
    load = Load(options.clients, math.inf, options.pages_per_s, options.requests)
    try:
        device, record, memory = soak(options.model, load)
    except BenchFailed as error:
        sys.exit(f"The soak broke off. {error}")
    is_flat = memory["growth"] is not None and memory["growth"] < FLAT_GROWTH
    if memory["growth"] is None:
        print(f"Memory is not known: fewer than {EARLY_ANSWERS} answers, or no such system.")
    else:
        print(
            f"{memory['early_bytes'] / 1e6:,.1f} MB after {EARLY_ANSWERS} answers,"
            f" {memory['end_bytes'] / 1e6:,.1f} MB after {memory['answers']}:"
            f" {memory['growth']:+.2%}, {'flat' if is_flat else 'not flat'}"
        )
    document = {
        "bench": "soak",
        "date": date.today().isoformat(),
        "machine": {**machine(), "device": device},
        "clients": load.n_clients,
        "seconds": round(record.seconds, 1),
        "memory": memory,
        "is_flat": is_flat,
    }
    print(json.dumps(document))
    sys.exit(0 if is_flat else 1)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=8, help="who ask at once")
    parser.add_argument("--pages-per-s", type=float, default=10.0, help="rate of page views")
    return parser.parse_args()


def soak(model: str, load: Load) -> tuple[str, Record, dict]:
    """Put the load on our server; returns its device, what was seen, and its memory."""
    frames = fresh_frames(draw_views(), FRAME_BYTES)
    with Server("ours", model, keeps_stamps=False) as server:
        device = server.wait()
        watch = MemoryWatch(server.memory_bytes)
        record = Record(watch.count_answer)
        asyncio.run(measure(server.url, load, frames, record))
        memory = watch.as_json()
        server.stop()
    return device, record, memory


if __name__ == "__main__":
    main()
