"""This computer in its network, for as long as the server runs: its addresses come and go."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from lan.addresses import HERE, Found, find
from protocol.errors import StartRefused

log = logging.getLogger(__name__)

CHECK_S = 10.0


class Network:
    """Its names as a `Host` header may have them, looked up again every few seconds.

    renew: hears of them at every look, to serve a certificate that is good for them.
    """

    def __init__(self, renew: Callable[[Found], None]) -> None:
        """Raises StartRefused, as `renew` does."""
        self._renew = renew
        self.found = find()
        self._closing = Event()
        self._thread: Thread | None = None
        renew(self.found)

    def __contains__(self, host: object) -> bool:
        return host in ("localhost", HERE[0], f"[{HERE[1]}]", *self.found.hosts)

    def start(self, on_change: Callable[[Found], None]) -> None:
        """Look on a thread of its own; it tells of other names than before."""
        self._thread = Thread(target=self._watch, args=(on_change,), name="lan", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> bool:
        """Look once; returns whether there are other names than before."""
        before, self.found = self.found, find()
        self._renew(self.found)
        return self.found != before

    def _watch(self, on_change: Callable[[Found], None]) -> None:
        while not self._closing.wait(CHECK_S):
            try:
                if self.look():
                    on_change(self.found)
            except StartRefused as error:
                log.error("%s", error.message)
