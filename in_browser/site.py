"""Writes the folder that a host serves: the page, the network in JavaScript, the runtime."""

import json
import shutil
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from in_browser.runtime import HERE, write_runtime
from protocol.formats.page_events import page_limits
from protocol.frame import FrameLimits

ROOT = HERE.parent
# As the server's own, but that a worker computes, in WebAssembly.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def write_site(folder: Path, limits: FrameLimits) -> None:
    """Write all but the model. Raises NoRuntime."""
    for part in ("static", "tab", "runtime"):
        shutil.rmtree(folder / part, ignore_errors=True)
    shutil.copytree(ROOT / "static", folder / "static")
    # Who answers is the one thing in which the page differs.
    shutil.rmtree(folder / "static" / "js" / "line")
    shutil.copytree(HERE / "js" / "line", folder / "static" / "js" / "line")
    shutil.rmtree(folder / "static" / "vendor")
    for part in ("network", "engine"):
        shutil.copytree(HERE / "js" / part, folder / "tab" / part)
    shutil.copyfile(HERE / "js" / "worker.js", folder / "tab" / "worker.js")
    write_runtime(folder / "runtime")
    _write_pages(folder, limits)


def _write_pages(folder: Path, limits: FrameLimits) -> None:
    """Render the pages; each stands in a folder of its own, so that any host finds it."""
    addresses = {"pages.index": "", "pages.scenes": "scenes/"}

    def render(template: str, up: str, **facts: object) -> str:
        def url_for(endpoint: str, filename: str = "") -> str:
            return up + (f"static/{filename}" if endpoint == "static" else addresses[endpoint])

        pages = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
        return pages.get_template(template).render(url_for=url_for, **facts)

    facts = {"limits": page_limits(limits), "hook": None, "upstream": None, "is_in_tab": True}
    index = render("index.html", "./", content_policy=CONTENT_POLICY, **facts)
    (folder / "index.html").write_text(index, encoding="utf-8")
    scenes = json.loads((ROOT / "static" / "scenes" / "scenes.json").read_bytes())
    (folder / "scenes").mkdir(exist_ok=True)
    (folder / "scenes" / "index.html").write_text(
        render("scenes.html", "../", scenes=scenes), encoding="utf-8"
    )
