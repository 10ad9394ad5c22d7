"""Writes the folder that a host serves: the page, the network in JavaScript, the runtime."""

import json
import re
import shutil
from base64 import b64encode
from hashlib import file_digest, sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from in_browser.runtime import FILES, HERE, write_runtime
from protocol.formats.page_events import page_limits
from protocol.frame import FrameLimits

ROOT = HERE.parent
# The model for a page of one's own.
EMBEDDED = "moonsight.js"
# As the server's own, but that a worker computes, in WebAssembly.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
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
    _join_sheets(folder / "static" / "css" / "page.css")
    # Who answers is the one thing in which the page differs.
    shutil.rmtree(folder / "static" / "js" / "line")
    shutil.copytree(HERE / "js" / "line", folder / "static" / "js" / "line")
    for socket in (folder / "static" / "vendor").glob("socket.io*"):
        socket.unlink()
    for part in ("network", "engine", "store"):
        shutil.copytree(HERE / "js" / part, folder / "tab" / part)
    for script in ("tab.js", "worker.js"):
        shutil.copyfile(HERE / "js" / script, folder / "tab" / script)
    shutil.copyfile(HERE / "js" / EMBEDDED, folder / EMBEDDED)
    write_runtime(folder / "runtime")
    _write_pages(folder, limits)


def _join_sheets(sheet: Path) -> None:
    """Put the sheets that it imports in its place: one way to the host, as to a server."""
    names = re.findall(r'^@import "(.+)";$', sheet.read_text(encoding="utf-8"), re.MULTILINE)
    joined = "".join((sheet.parent / name).read_text(encoding="utf-8") for name in names)
    sheet.write_text(joined, encoding="utf-8")


def _write_pages(folder: Path, limits: FrameLimits) -> None:
    """Render the pages; each stands in a folder of its own, so that any host finds it."""
    addresses = {"pages.index": "", "pages.scenes": "scenes/"}

    def render(template: str, up: str, **facts: object) -> str:
        # No address in the folder has a version.
        def url_for(endpoint: str, filename: str = "", version: None = None) -> str:
            return up + (f"static/{filename}" if endpoint == "static" else addresses[endpoint])

        pages = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
        return pages.get_template(template).render(url_for=url_for, **facts)

    facts = {"limits": page_limits(limits), "hook": None, "goes_to": None, "is_in_tab": True}
    index = render("index.html", "./", content_policy=CONTENT_POLICY, **facts)
    (folder / "index.html").write_text(index, encoding="utf-8")
    scenes = json.loads((ROOT / "static" / "scenes" / "scenes.json").read_bytes())
    (folder / "scenes").mkdir(exist_ok=True)
    (folder / "scenes" / "index.html").write_text(
        render("scenes.html", "../", scenes=scenes), encoding="utf-8"
    )


def write_service_worker(folder: Path) -> None:
    """Write what keeps the page in a browser: it names every file of it as it is now.

    The models' own files are not among them: the network's scripts keep those.
    """
    parts = ("scenes", "static", "tab", "runtime")
    paths = [each for part in parts for each in (folder / part).rglob("*") if each.is_file()]
    paths += [folder / "index.html", folder / EMBEDDED, *(folder / "models").rglob("model*.json")]
    names = {path: path.relative_to(folder).as_posix() for path in sorted(paths)}
    # Whoever opens a folder gets its page: some hosts lead its own name elsewhere.
    files = {name.removesuffix("index.html"): _integrity(path) for path, name in names.items()}
    devices = {"webgpu": [f"runtime/{each}" for each in FILES["webgpu"]]}
    version = sha256(json.dumps(files).encode()).hexdigest()[:12]
    shell = json.dumps({"version": version, "files": files, "devices": devices}, indent=1)
    script = (HERE / "js" / "service_worker.js").read_text(encoding="utf-8")
    (folder / "service_worker.js").write_text(f"const SHELL = {shell}\n{script}", encoding="utf-8")


def _integrity(path: Path) -> str:
    """A file's SHA-256 as browsers compare it."""
    with path.open("rb") as file:
        return f"sha256-{b64encode(file_digest(file, 'sha256').digest()).decode()}"
