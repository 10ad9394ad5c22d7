"""HTTP as eventlet speaks it, and what is said to those who do not."""

import socket
from contextlib import suppress
from http import HTTPStatus

import eventlet
from eventlet import wsgi

# Other programs on localhost leave their cookies with the browser, which sends them here, too.
MAX_HEADERS_BYTES = 2**16

# How long and how much of what was refused is still listened to, so that the refusal is heard.
LINGER_S, LINGER_BYTES = 1.0, 2**20


class PageProtocol(wsgi.HttpProtocol):
    """One connection. What is no HTTP ends it without a word; what is refused is told why."""

    def handle_one_request(self) -> None:
        if self._speaks_http():
            super().handle_one_request()
        else:
            self.close_connection = True
            self._linger()

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
        if is_right and self.request_version == "HTTP/1.1" and self.headers.get("Host") is None:
            self.send_error(HTTPStatus.BAD_REQUEST, "The request names no host.")
            return False
        return is_right

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in one plain line what is wrong with a request, and end the connection."""
        status = HTTPStatus(code)
        body = f"{message or status.description or status.phrase}\n".encode("ascii", "replace")
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
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
            while n_bytes < LINGER_BYTES and (data := self.connection.recv(2**14)):
                n_bytes += len(data)
