"""TLS and plain HTTP on one port: what a connection begins with tells which it speaks."""

import socket
import ssl
from pathlib import Path

import eventlet
from eventlet.green.ssl import GreenSSLContext
from eventlet.greenio import GreenSocket

from web.loop.peers import read_peer

# The first byte of a handshake, and of no line of HTTP.
HELLO = b"\x16"
# How long one may take, and how many may be under way of other computers: a crowd that begins and
# never ends must leave room for the pages of this one.
HANDSHAKE_S, MAX_HANDSHAKES = 10.0, 256


class Tls:
    """Meets connections. On the loop only, but for `load`, which may come at any time, again."""

    def __init__(self) -> None:
        self._context = GreenSSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._n_left = MAX_HANDSHAKES

    def load(self, certificate: Path, key: Path | None = None) -> None:
        """Show this to those who come from now on; the key may be in the same file.

        Raises ssl.SSLError, and OSError, where they cannot be used.
        """
        # Of a key with a password nobody is asked for it in the terminal.
        self._context.load_cert_chain(certificate, key, password=lambda: "")

    def meet(self, connection: GreenSocket) -> GreenSocket | None:
        """What is spoken on from now; None where nobody is to be spoken with."""
        is_counted = not is_here(connection.getpeername()[0])
        if is_counted and self._n_left == 0:
            return None
        self._n_left -= is_counted
        try:
            with eventlet.Timeout(HANDSHAKE_S):
                first = connection.recv(1, socket.MSG_PEEK)
                if first != HELLO:
                    return connection if first else None
                return self._context.wrap_socket(connection, server_side=True)
        except (OSError, eventlet.Timeout):
            return None
        finally:
            self._n_left += is_counted


def is_tls(connection: GreenSocket) -> bool:
    return isinstance(connection, ssl.SSLSocket)


def is_here(address: str) -> bool:
    """Whether an address is one of this computer to itself."""
    try:
        return read_peer(address).is_loopback
    except ValueError:
        return False
