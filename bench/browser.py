"""The model in a tab beside the server: `python -m bench.browser [--model demo] [--webgpu]`.

Writes the folder of `make browser`, opens it in this computer's Chromium, and asks it and a server
on the same machine in turns about the same frames, which neither has seen: a long description, then
boxes. Both are asked by a page of that browser, so that both waits are a person's. --webgpu adds
the same model on WebGPU, by Chromium's software adapter where there is no GPU: right, and no
measure of speed. The last line is one JSON document.
"""

import argparse
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic

import brotli
import psutil
from playwright.sync_api import Browser, Page

from bench.chromium import IN_SOFTWARE, launch
from bench.clients import View, draw_views
from bench.figures import busy_cores, machine, percentile
from bench.memory import processes_of
from bench.serve import Server
from checkpoints.checkpoint import parse_model
from in_browser.folder import write_folder
from in_browser.runtime import FILES
from settings import Settings
from web.page_files import MEDIA_TYPES

SERVER, WASM, WEBGPU = "server", "tab, WASM", "tab, WebGPU"
N_WARM_UPS = 2
# What every browser gets of the page, and what of the runtime by its device.
PAGE_PARTS = ("static", "tab", "scenes")
OBJECT = "shape"
BROTLI_QUALITY = 6

# Each gives [ms to the first word, words, ms from the first word to the last, ms for boxes].
ASK_SERVER = """async ([jpeg, object]) => {
  const image_url = `data:image/jpeg;base64,${jpeg}`
  const headers = { "content-type": "application/json" }
  const post = (skill, body) =>
    fetch(`/v1/${skill}`, { method: "POST", headers, body: JSON.stringify({ image_url, ...body }) })
  const began = performance.now()
  const reader = (await post("caption", { length: "long", stream: true })).body.getReader()
  let [first, last, text] = [null, began, ""]
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += new TextDecoder().decode(value)
    if (text.includes('"chunk"')) {
      first ??= performance.now()
      last = performance.now()
    }
  }
  const n = Number(text.match(/"completion_tokens": ?(\\d+)/)[1])
  const asked = performance.now()
  await (await post("detect", { object })).json()
  return [first - began, n, last - first, performance.now() - asked]
}"""
ASK_TAB = """async ([jpeg, object]) => {
  const blob = await (await fetch(`data:image/jpeg;base64,${jpeg}`)).blob()
  const began = performance.now()
  const frame = await model.look(blob)
  const looked = performance.now()
  const answer = model.caption(frame, { length: "long" })
  let [first, last] = [null, began]
  for await (const text of answer) {
    first ??= performance.now()
    last = performance.now()
  }
  const { usage } = await answer.result
  const asked = performance.now()
  await model.detect(frame, object).result
  return [first - began, usage.nWritten, last - first, performance.now() - asked, looked - began]
}"""
LOAD = """async ([folder, device]) => {
  const began = performance.now()
  const { load } = await import(folder + "moonsight.js")
  globalThis.model?.close()
  globalThis.model = await load({ device })
  return [performance.now() - began, model.device]
}"""


@dataclass
class Side:
    """What was seen of one way to answer. look_ms: empty where the look has no end of its own."""

    load_s: float = 0.0
    again_s: float | None = None
    memory_mb: float = 0.0
    first_word_ms: list[float] = field(default_factory=list)
    tokens_per_s: list[float] = field(default_factory=list)
    boxes_ms: list[float] = field(default_factory=list)
    look_ms: list[float] = field(default_factory=list)

    def add(
        self, first_ms: float, n_tokens: float, taken_ms: float, boxes_ms: float, *look: float
    ) -> None:
        self.first_word_ms.append(first_ms)
        self.tokens_per_s.append((n_tokens - 1) * 1000 / max(taken_ms, 1.0))
        self.boxes_ms.append(boxes_ms)
        self.look_ms += look

    def row(self) -> dict[str, float | None]:
        return {
            "load_s": self.load_s,
            "again_s": self.again_s,
            "look_ms": percentile(self.look_ms, 50),
            "first_word_ms": median(self.first_word_ms),
            "tokens_per_s": median(self.tokens_per_s),
            "boxes_ms": median(self.boxes_ms),
            "memory_mb": self.memory_mb,
        }


class Tab:
    """The model in a page of its own, as a new person's."""

    def __init__(self, browser: Browser, url: str, device: str) -> None:
        self._before = {each.pid for each in renderers()}
        self.page = browser.new_page()
        self.page.goto(f"{url}scenes/")
        loaded = [self.page.evaluate(LOAD, [url, device])[0] / 1000 for _ in range(2)]
        self.side = Side(*loaded)

    def ask(self, jpeg: bytes) -> list[float]:
        return self.page.evaluate(ASK_TAB, [b64encode(jpeg).decode(), OBJECT])

    def measure_memory(self) -> None:
        held = [each.memory_info().rss for each in renderers() if each.pid not in self._before]
        self.side.memory_mb = max(held) / 1e6


def renderers() -> list[psutil.Process]:
    """The processes of this program's browsers that have a page."""
    found = processes_of(psutil.Process().pid)
    return [each for each in found if "--type=renderer" in each.cmdline()]


def compare(page: Page, server: Server, tabs: dict[str, Tab], views: list[View]) -> dict[str, Side]:
    """Ask all sides in turns, view by view: other work on the machine slows all alike."""
    page.goto(f"{server.url}/scenes")
    sides = {SERVER: Side(), **{name: tab.side for name, tab in tabs.items()}}
    for turn, view in enumerate(views):
        told = {SERVER: ask_server(page, view.jpeg)}
        told |= {name: tab.ask(view.jpeg) for name, tab in tabs.items()}
        if turn >= N_WARM_UPS:
            for name, side in sides.items():
                side.add(*told[name])
    for tab in tabs.values():
        tab.measure_memory()
    sides[SERVER].memory_mb = server.memory_bytes() / 1e6
    return sides


def ask_server(page: Page, jpeg: bytes) -> list[float]:
    return page.evaluate(ASK_SERVER, [b64encode(jpeg).decode(), OBJECT])


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Bytes of a first visit, raw and in brotli, by what they are for."""
    page = [each for part in PAGE_PARTS for each in (folder / part).rglob("*") if each.is_file()]
    page += [folder / name for name in ("index.html", "service_worker.js", "moonsight.js")]
    runtimes = {
        f"runtime for {device}": [folder / "runtime" / name for name in names]
        for device, names in FILES.items()
    }
    models = {
        f"model {path.name}": [each for each in path.iterdir() if each.is_file()]
        for path in (folder / "models").iterdir()
        if path.is_dir()
    }
    return {name: _weigh(paths) for name, paths in {"page": page, **runtimes, **models}.items()}


def _weigh(paths: list[Path]) -> tuple[int, int]:
    contents = [path.read_bytes() for path in paths]
    return sum(map(len, contents)), sum(len(compressed(each)) for each in contents)


def compressed(content: bytes) -> bytes:
    """As a host compresses what it is asked for; what it compresses once can take longer."""
    return brotli.compress(content, quality=BROTLI_QUALITY)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a plain host of files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}/"
        host.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = MEDIA_TYPES

    def log_message(self, *told: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browser", description=__doc__)
    parser.add_argument("--model", default="demo", help="demo, or the folder of a checkpoint")
    parser.add_argument("--views", type=int, default=30, help="how many frames each is asked about")
    parser.add_argument("--webgpu", action="store_true", help="measure WebGPU, too")
    options = parser.parse_args()
    before, settings = busy_cores(), Settings()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = parse_model(options.model, settings.revision).find(lambda progress: None)
        write_folder(folder, found, "auto", settings.frame_limits)
        began = monotonic()
        server = stack.enter_context(Server("ours", options.model, keeps_stamps=False))
        server.wait()
        started_s = monotonic() - began
        devices = {WASM: "wasm"} | ({WEBGPU: "webgpu"} if options.webgpu else {})
        browser = stack.enter_context(launch(*(IN_SOFTWARE if options.webgpu else ())))
        url = stack.enter_context(served(folder))
        views = draw_views(N_WARM_UPS + options.views)
        tabs = {name: Tab(browser, url, device) for name, device in devices.items()}
        sides = compare(browser.new_page(), server, tabs, views)
        sides[SERVER].load_s = started_s
        weights = sizes(folder)
    _show(sides, weights)
    about = {**machine(), "busy_cores_before": before}
    document = {"bench": "browser", "date": date.today().isoformat(), "machine": about}
    told = {name: {**side.row(), "views": asdict(side)} for name, side in sides.items()}
    print(json.dumps({**document, "sides": told, "bytes": weights}))


def _show(sides: dict[str, Side], weights: dict[str, tuple[int, int]]) -> None:
    rows = {name: side.row() for name, side in sides.items()}
    print(f"{'':14}" + "".join(f"{name:>16}" for name in rows[SERVER]))
    for name, row in rows.items():
        told = [f"{'' if value is None else f'{value:.1f}':>16}" for value in row.values()]
        print(f"{name:14}" + "".join(told))
    for name, side in sides.items():
        first = median(side.first_word_ms) / median(sides[SERVER].first_word_ms)
        rate = median(side.tokens_per_s) / median(sides[SERVER].tokens_per_s)
        print(f"{name:14} first word {first:.2f} x, tokens / s {rate:.2f} x of the server's")
    for name, (raw, sent) in weights.items():
        print(f"{name:24}{raw:>12,} bytes{sent:>12,} in brotli")


if __name__ == "__main__":
    main()
