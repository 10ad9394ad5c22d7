"""The folder that `make browser` writes, served as any host does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from in_browser.checkpoint import Stored
from in_browser.model import list_models, write_model
from in_browser.runtime import is_fetched
from in_browser.site import write_service_worker, write_site
from moondream2.config import TOKENIZER_FILE
from settings import Settings
from web.page_files import MEDIA_TYPES

NO_RUNTIME = "The tab's runtime is not here (npm ci in in_browser): its tests were left out."


def write_folder(checkpoint: Path, folder: Path, format: str = "auto", name: str = "demo") -> Path:
    """Write page and model; skips the test where the runtime was never fetched."""
    if not is_fetched():
        pytest.skip(NO_RUNTIME)
    write_site(folder, Settings().frame_limits)
    write_model(Stored(checkpoint, TOKENIZER_FILE), folder / "models" / name, format, name)
    list_models(folder / "models")
    write_service_worker(folder)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a plain static server."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = MEDIA_TYPES

    def log_message(self, *told: object) -> None:
        pass
