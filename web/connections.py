"""Connections that end before the page leaves: unreadable, unfinished, no longer needed."""

from collections.abc import Callable

from socketio import Server

from web.loop.calls import Bridge
from web.loop.repairs import UNREADABLE

# How long an event waits for its attachment: at least this, at most twice. On a slow network a
# large picture takes half of it.
ATTACHMENT_WAIT_S = 30


class Connections:
    """All of one Socket.IO server. On the loop only."""

    def __init__(self, server: Server, bridge: Bridge) -> None:
        """Hears every message before `server` does."""
        self._server, self._bridge = server, bridge
        self._take_message: Callable[[str, object], None] = server.eio.handlers["message"]
        server.eio.on("message", self._take)

    def _take(self, connection: str, message: object) -> None:
        """Take one message; what nobody could answer ends its connection, never in silence."""
        is_known = self._server.manager.sid_from_eio_sid(connection, "/") is not None
        try:
            if isinstance(message, str) and message.startswith("2") and not is_known:
                raise ValueError("An event comes after its connect.")
            self._take_message(connection, message)
        except UNREADABLE:
            self._end(connection)

    def _end(self, connection: str) -> None:
        self._server._binary_packet.pop(connection, None)
        if connection in self._server.eio.sockets:
            self._server.eio.sockets[connection].close(wait=False)

    def end_unfinished(self) -> None:
        """End those whose event waits in vain for its attachment, or that never say who they are;
        for good.
        """
        waiting: dict[str, object] = {}
        nameless: set[str] = set()
        while True:
            self._server.sleep(ATTACHMENT_WAIT_S)
            before, waiting = waiting, dict(self._server._binary_packet)
            for connection, packet in waiting.items():
                if before.get(connection) is packet:
                    self._end(connection)
            nameless_before, nameless = nameless, self._nameless()
            for connection in nameless_before & nameless:
                self._end(connection)

    def _nameless(self) -> set[str]:
        of_client = self._server.manager.sid_from_eio_sid
        return {each for each in self._server.eio.sockets if of_client(each, "/") is None}

    def knows(self, sid: str) -> bool:
        """Whether a connection is one of these."""
        return sid in self._server.eio.sockets

    def end_idle(self, is_busy: Callable[[str], bool]) -> int:
        """Disconnect the clients that are not busy, once they have heard all that they are told;
        returns how many are connected. They take it for a fault of the network, and come again.
        """
        for connection in list(self._server.eio.sockets):
            client = self._server.manager.sid_from_eio_sid(connection, "/")
            if client is None or not is_busy(client):
                # Behind what is on its way to it.
                self._bridge.call(self._let_go, connection)
        return len(self._server.eio.sockets)

    def _let_go(self, connection: str) -> None:
        socket = self._server.eio.sockets.get(connection)
        if socket is not None and socket.queue.empty():
            socket.close(wait=False, abort=True)
