"""Measure our server and the obvious design in one run: `python -m bench`."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from datetime import date

from bench.clients import BenchFailed, Load, Record, measure
from bench.figures import ROWS, Figures, busy_cores, machine, percentile, ratios, summarise
from bench.serve import Design, Server

DESIGNS: tuple[Design, ...] = ("ours", "naive")
LABEL_CHARS, VALUE_CHARS = 20, 12


@dataclass(frozen=True)
class Result:
    """Both designs under one load. late_p99_ms: how late the load process itself was."""

    load: Load
    ours: Figures
    naive: Figures
    late_p99_ms: float | None

    def as_json(self) -> dict:
        return {
            "load": asdict(self.load),
            "ours": _rounded(self.ours),
            "naive": _rounded(self.naive),
            "naive_over_ours": _rounded(ratios(self.naive, self.ours)),
            "late_p99_ms": self.late_p99_ms and round(self.late_p99_ms, 2),
        }


def main() -> None:
    options = parse_options()
    loads = [
        Load(options.clients, n_asking, options.seconds, options.pages_per_s, options.answers)
        for n_asking in options.asking
    ]
    busy = busy_cores()
    try:
        device, results = compare(options.model, loads)
    except BenchFailed as error:
        sys.exit(f"The bench broke off. {error}")
    about = {**machine(), "device": device, "busy_cores_before": busy}
    show(about, results)
    document = {
        "bench": "hub",
        "date": date.today().isoformat(),
        "machine": about,
        "results": [result.as_json() for result in results],
    }
    print(json.dumps(document))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--clients", type=int, default=64, help="connected clients")
    parser.add_argument(
        "--asking", type=int, nargs="+", default=[1, 8], help="answers open at a time, per load"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="length of one load")
    parser.add_argument("--pages-per-s", type=float, default=50.0, help="rate of page views")
    parser.add_argument("--answers", type=int, help="end a load after so many answers")
    return parser.parse_args()


def compare(model: str, loads: list[Load]) -> tuple[str, list[Result]]:
    """Put every load on both designs, one server after the other; returns the device, too."""
    figures: dict[Design, list[Figures]] = {}
    late_ms: list[list[float]] = [[] for _ in loads]
    for design in DESIGNS:
        device, records, stamps = _measure_design(design, model, loads)
        figures[design] = [summarise(record, stamps) for record in records]
        for late, record in zip(late_ms, records, strict=True):
            late.extend(record.late_ms)
    return device, [
        Result(load, ours, naive, percentile(late, 99))
        for load, ours, naive, late in zip(
            loads, figures["ours"], figures["naive"], late_ms, strict=True
        )
    ]


def _measure_design(
    design: Design, model: str, loads: list[Load]
) -> tuple[str, list[Record], list[tuple[str, float]]]:
    server = Server(design, model)
    try:
        device = server.wait()
        records = [asyncio.run(measure(server.url, load)) for load in loads]
    finally:
        stamps = server.stop()
    return device, records, stamps


def show(about: dict, results: list[Result]) -> None:
    """Print the table for people."""
    print(
        f"{about['cores']} cores {about['cpu']}, {about['system']}, Python {about['python']},"
        f" torch {about['torch']} on {about['device']};"
        f" {about['busy_cores_before']} cores were busy before"
    )
    for result in results:
        load = result.load
        print(
            f"\n{load.n_clients} clients connected, {load.n_asking} answering at a time,"
            f" {load.pages_per_s:g} page views / s"
        )
        _show_row("", "ours", "naive", "naive / ours")
        ratio = ratios(result.naive, result.ours)
        for name, label in ROWS.items():
            values = (result.ours[name], result.naive[name], ratio[name])
            _show_row(label, *map(_short, values))
        print(f"(the load process itself was late by p99 {_short(result.late_p99_ms)} ms)")
    print()


def _show_row(label: str, *values: str) -> None:
    print(f"{label:<{LABEL_CHARS}}" + "".join(f"{value:>{VALUE_CHARS + 2}}" for value in values))


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _rounded(figures: Figures) -> Figures:
    return {name: value if value is None else round(value, 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()
