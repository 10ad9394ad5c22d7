"""A host of static files: it resumes downloads, and breaks them off when told to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from web.page_files import MEDIA_TYPES


class Host:
    """Serves a folder on a port of this computer; can be stopped and started again.

    asked: what was asked for, with the first byte. breaks, holds: after how many bytes the next
    answers about a file break off, or wait for `release`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[tuple[str, int]]()
        self.breaks, self.holds = dict[str, list[int]](), dict[str, list[int]]()
        self.release = Event()
        self._port, self._server = 0, None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), partial(_Handler, host=self))
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def n_asked(self, name: str) -> int:
        """How often a file was asked for."""
        return sum(path == name for path, _ in self.asked)


@contextmanager
def served(folder: Path) -> Iterator[Host]:
    host = Host(folder)
    try:
        yield host
    finally:
        host.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = MEDIA_TYPES

    def __init__(self, *args: object, host: Host) -> None:
        self._host = host
        super().__init__(*args, directory=str(host.folder))

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            super().do_GET()
            return
        data, name = path.read_bytes(), path.relative_to(self._host.folder).as_posix()
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(asked[1]) if asked else 0
        self._host.asked.append((name, begin))
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(data) - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        # A browser may have enough of it.
        with suppress(ConnectionError):
            self._send(name, data[begin:])

    def _send(self, name: str, data: bytes) -> None:
        for moods in (self._host.breaks, self._host.holds):
            if moods.get(name):
                n_bytes = moods[name].pop(0)
                self.wfile.write(data[:n_bytes])
                self.wfile.flush()
                if moods is self._host.breaks:
                    self.close_connection = True
                    return
                self._host.release.wait(60)
                data = data[n_bytes:]
        self.wfile.write(data)

    def log_message(self, *told: object) -> None:
        pass
