"""Measure our server and the obvious design in one run: `python -m bench`."""

import argparse
import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from bench.chart import draw_chart
from bench.clients import (
    N_FRAMES,
    BenchFailed,
    Door,
    Load,
    Record,
    draw_views,
    fresh_frames,
    measure,
)
from bench.figures import ROWS, Figures, busy_cores, machine, ratios, summarise
from bench.memory import MemoryWatch
from bench.serve import DESIGNS, Server
from bench.stamps import PROJECT

LABEL_CHARS, VALUE_CHARS = 26, 18

# Who ask at once when the doors are compared, and what they speak there.
N_PROGRAMS = 8
DOORS: dict[str, Door] = {"Socket.IO": "page", "chat, streamed": "openai"}

# A load process that is later than this measures the machine rather than the servers.
BUSY_LATE_MS = 10.0


@dataclass(frozen=True)
class Result:
    """Both designs under one load."""

    load: Load
    ours: Figures
    naive: Figures

    @property
    def was_busy(self) -> bool:
        """Whether other work held the machine up so much that the figures are partly its own."""
        return any((each["late_p99_ms"] or 0) > BUSY_LATE_MS for each in (self.ours, self.naive))

    @property
    def ratios(self) -> Figures:
        return ratios(self.naive, self.ours)

    def as_json(self) -> dict:
        return {
            "load": asdict(self.load),
            "ours": _rounded(self.ours),
            "naive": _rounded(self.naive),
            "naive_over_ours": _rounded(self.ratios),
            "was_busy": self.was_busy,
        }


@dataclass(frozen=True)
class Comparison:
    """What both designs did under every load, and the memory that each held.

    doors: what ours did for programs, by the name of what they spoke.
    """

    device: str
    results: list[Result]
    doors: dict[str, Figures]
    memory: dict[str, dict]


def main() -> None:
    options = parse_options()
    loads = [
        Load(n_clients, options.seconds, options.pages_per_s, options.answers)
        for n_clients in options.clients
    ]
    if options.follow_ups:
        loads.append(replace(loads[-1], questions_per_frame=1 + options.follow_ups))
    about = {**machine(), "busy_cores_before": busy_cores()}
    try:
        compared = compare(options.model, loads, options.rounds, options.views)
        about["device"] = compared.device
        show(about, compared)
        show_doors(compared.doors)
        schema = schema_cost(options.model)
        upstream = upstream_cost(options.model, options.answers)
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    show_memory(compared.memory)
    results = [result.as_json() for result in compared.results]
    if options.chart is not None:
        draw_chart(results, options.chart)
    document = {
        "bench": "web",
        "date": date.today().isoformat(),
        "machine": about,
        "rounds": options.rounds,
        "results": results,
        "doors": {name: _rounded(each) for name, each in compared.doors.items()},
        "schema": schema,
        "upstream": upstream,
        "memory": compared.memory,
    }
    print(json.dumps(document))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument(
        "--clients", type=int, nargs="+", default=[1, 8, 32], help="who ask at once, per load"
    )
    parser.add_argument(
        "--follow-ups", type=int, default=3, help="questions more about each frame, in a last load"
    )
    parser.add_argument("--rounds", type=int, default=4, help="how often the designs take turns")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of one turn")
    parser.add_argument("--answers", type=int, help="end a turn after so many answers")
    parser.add_argument("--views", type=int, default=N_FRAMES, help="how many pictures to draw")
    parser.add_argument("--pages-per-s", type=float, default=50.0, help="rate of page views")
    parser.add_argument("--chart", type=Path, help="draw the figures into this PNG")
    return parser.parse_args()


def compare(model: str, loads: list[Load], n_rounds: int, n_views: int) -> Comparison:
    """Start both designs and let them take turns under every load.

    In turns, because other work on the machine then slows both alike; the one that waits is idle.
    """
    with ExitStack() as stack:
        servers = {design: stack.enter_context(Server(design, model)) for design in DESIGNS}
        devices = {design: server.wait() for design, server in servers.items()}
        frames = fresh_frames(draw_views(n_views))
        watches = {design: MemoryWatch(server.memory_bytes) for design, server in servers.items()}
        records = {
            design: [Record(watches[design].count_answer) for _ in loads] for design in DESIGNS
        }
        through = {name: Record() for name in DOORS}
        for _ in range(n_rounds):
            for index, load in enumerate(loads):
                for design, server in servers.items():
                    asyncio.run(measure(server.url, load, frames, records[design][index]))
            for name, record in through.items():
                load = replace(loads[0], n_clients=N_PROGRAMS, door=DOORS[name], has_captions=False)
                asyncio.run(measure(servers["ours"].url, load, frames, record))
        memory: dict[str, dict] = {design: watch.as_json() for design, watch in watches.items()}
        stamps = {design: server.stop() for design, server in servers.items()}
    figures = {
        design: [summarise(record, stamps[design]) for record in records[design]]
        for design in DESIGNS
    }
    results = [
        Result(load, ours, naive)
        for load, ours, naive in zip(loads, figures["ours"], figures["naive"], strict=True)
    ]
    doors = {name: summarise(record, stamps["ours"]) for name, record in through.items()}
    return Comparison(devices["ours"], results, doors, memory)


def show(about: dict, compared: Comparison) -> None:
    """Print the table for people."""
    print(
        f"{about['cores']} cores {about['cpu']}, {about['system']}, Python {about['python']},"
        f" torch {about['torch']} on {about['device']};"
        f" busy cores before: {about['busy_cores_before']}"
    )
    for result in compared.results:
        load = result.load
        print(
            f"\n{load.n_clients} asking at once, {load.questions_per_frame} about each frame,"
            f" {load.pages_per_s:g} page views / s"
        )
        _show_row("", "ours", "naive", "naive / ours")
        for name, label in ROWS.items():
            values = (result.ours[name], result.naive[name], result.ratios[name])
            _show_row(label, *map(_short, values))
        if result.was_busy:
            print(
                "Other work kept this machine busy: ratios are rough, milliseconds partly its own."
            )


def show_doors(doors: dict[str, Figures]) -> None:
    """Print what programs get by streamed chats beside what they get by Socket.IO."""
    print(f"\n{N_PROGRAMS} programs asking ours at once, questions alone")
    _show_row("", *doors, "chat / Socket.IO")
    page, chat = doors.values()
    over = ratios(chat, page)
    for name, label in ROWS.items():
        _show_row(label, *map(_short, (page[name], chat[name], over[name])))


def schema_cost(model: str) -> dict:
    """Measure what a JSON schema costs a token, and print it: see `bench/grammar.py`."""
    checkpoint = [] if model == "demo" else ["--checkpoint", model]
    return _also("grammar", "answers held to a JSON schema", *checkpoint)


def upstream_cost(model: str, n_answers: int | None) -> dict:
    """Measure what `--upstream` adds to an answer, and print it: see `bench/upstream.py`."""
    answers = [] if n_answers is None else ["--answers", str(n_answers)]
    return _also("upstream", "asked through another Moonsight", "--model", model, *answers)


def _also(bench: str, title: str, *arguments: str) -> dict:
    """Run another bench in a process of its own and print its table; returns its document."""
    command = [sys.executable, "-m", f"bench.{bench}", *arguments]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"This could not be measured: {title}.")
    *table, document = done.stdout.splitlines()
    print(f"\n{title}", *table, sep="\n")
    return json.loads(document)


def show_memory(memory: dict[str, dict]) -> None:
    """Print what each server held."""
    print("\nmemory of the server")
    for design, held in memory.items():
        early, end = (_megabytes(held[name]) for name in ("early_bytes", "end_bytes"))
        print(
            f"{design}: {early} MB after {held['early_answers']} answers,"
            f" {end} MB after {held['answers']}"
        )
    print()


def _megabytes(n_bytes: int | None) -> str:
    return "–" if n_bytes is None else f"{n_bytes / 1e6:,.0f}"


def _show_row(label: str, *values: str) -> None:
    print(f"{label:<{LABEL_CHARS}}" + "".join(f"{value:>{VALUE_CHARS}}" for value in values))


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _rounded(figures: Figures) -> Figures:
    return {name: value if value is None else round(value, 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()
