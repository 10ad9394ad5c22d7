"""What runs graphs in a browser, as npm has it: `python -m in_browser.runtime` fetches it."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "onnxruntime-web"
# By what it runs on: each build is fast on one of them.
FILES = {
    "wasm": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}


class NoRuntime(RuntimeError):
    """The runtime cannot be had; the message says what to do."""


def is_fetched(project: Path = HERE) -> bool:
    """Whether the version that is asked for lies here."""
    asked = json.loads((project / "package.json").read_bytes())["dependencies"][PACKAGE]
    found = project / "node_modules" / PACKAGE / "package.json"
    return found.exists() and json.loads(found.read_bytes())["version"] == asked


def fetch(project: Path = HERE) -> None:
    """Fetch it, unless it is here. Raises NoRuntime."""
    if is_fetched(project):
        return
    if shutil.which("npm") is None:
        raise NoRuntime(
            "make browser needs Node.js, once: https://nodejs.org. Install it, try again."
        )
    fetched = subprocess.run(
        ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        raise NoRuntime(f"npm could not fetch the runtime: {fetched.stderr.strip()[-300:]}")


def write_runtime(folder: Path) -> None:
    """Copy its files into a folder, fetched first where they are not here. Raises NoRuntime."""
    fetch()
    folder.mkdir(parents=True)
    for name in itertools.chain(*FILES.values()):
        shutil.copyfile(HERE / "node_modules" / PACKAGE / "dist" / name, folder / name)


if __name__ == "__main__":
    try:
        fetch()
    except NoRuntime as error:
        sys.exit(str(error))
