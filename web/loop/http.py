"""HTTP as eventlet speaks it, and what is said to those who do not."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi

from web.loop.bodies import BoundedLines, discard_rest, is_read
from web.loop.tls import Tls, is_here, is_tls

# Other programs on localhost leave their cookies with the browser, which sends them here, too.
MAX_HEADERS_BYTES = 2**16

# How long and how much of what was refused is still listened to, so that the refusal is heard: many
# programs send all of a picture before they listen.
LINGER_S, LINGER_BYTES = 1.0, 2**26


@dataclass
class Places:
    """How many connections more are served."""

    n_left: int


class PageProtocol(wsgi.HttpProtocol):
    """One connection. What is no HTTP ends it without a word; what is refused is told why.

    places: it takes one for as long as it lasts; where none is left, all it asks is refused.
    tls: where others than this computer may come, and have to speak it.
    """

    def __init__(
        self, places: Places, tls: Tls | None, conn_state: list[Any], server: wsgi.Server
    ) -> None:
        if tls is not None:
            met = tls.meet(conn_state[1])
            if met is None:
                conn_state[1].close()
                return
            conn_state[1] = met
        self._is_open_plain = (
            tls is not None and not is_tls(conn_state[1]) and not is_here(conn_state[0][0])
        )
        self._has_place = places.n_left > 0
        self._inlet: wsgi.Input | None = None
        places.n_left -= self._has_place
        try:
            super().__init__(conn_state, server)
        finally:
            places.n_left += self._has_place

    def handle_one_request(self) -> None:
        if self._speaks_http():
            super().handle_one_request()
        else:
            self.close_connection = True
            self._linger()
        if self.close_connection and self._inlet is not None and not is_read(self._inlet):
            self._linger()

    def finish(self) -> None:
        super().finish()
        # The library leaves it open, and with it a connection that broke off in the middle of a
        # request: until the garbage is collected, which may take hours.
        with suppress(OSError):
            self.rfile.close()

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        if is_tls(self.connection):
            environ |= {"wsgi.url_scheme": "https", "HTTPS": "on"}
        inlet = self._inlet = environ["eventlet.input"]
        inlet.rfile = BoundedLines(inlet.rfile)
        inlet.discard = partial(discard_rest, inlet)
        return environ

    def parse_request(self) -> bool:
        try:
            is_right = super().parse_request()
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            self.send_error(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"The headers have more than {MAX_HEADERS_BYTES:,} bytes."
                " Delete the cookies of this address and load the page again.",
            )
            return False
        return is_right and self._is_welcome()

    def _is_welcome(self) -> bool:
        """Whether the head of a request can be answered at all; else it was told why not."""
        if self.request_version == "HTTP/1.1" and self.headers.get("Host") is None:
            self.send_error(HTTPStatus.BAD_REQUEST, "The request names no host.")
        elif self._is_open_plain:
            self.send_error(HTTPStatus.BAD_REQUEST, "Open this address with https:// before it.")
        elif self.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
            self.send_error(HTTPStatus.NOT_IMPLEMENTED, "Send the body as it is, or in chunks.")
        elif not self._has_place:
            self.send_error(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Too many connections are open. Close some, or try again in a few seconds.",
            )
        else:
            return True
        return False

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in one plain line what is wrong with a request, and end the connection."""
        status = HTTPStatus(code)
        body = f"{message or status.description or status.phrase}\n".encode("ascii", "replace")
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        )
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            head += "Retry-After: 5\r\n"
        head += "\r\n"
        self.wfile.write(head.encode("ascii") + body)
        self.close_connection = True
        self._linger()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing in the terminal: what strangers send is not worth a line there."""

    def _speaks_http(self) -> bool:
        # Somebody who speaks TLS, or anything else in bytes, would wait for a line's end that never
        # comes. The line end before a request is allowed.
        with suppress(OSError):
            first = self.rfile.peek(1)[:1]
            return first.isalpha() or first in (b"\r", b"\n")
        return False

    def _linger(self) -> None:
        """Read on for a moment: with bytes unread, the end would break off what was said."""
        with suppress(OSError), eventlet.Timeout(LINGER_S, False):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            n_bytes = 0
            while n_bytes < LINGER_BYTES and (data := self.connection.recv(2**16)):
                n_bytes += len(data)
                eventlet.sleep(0)
