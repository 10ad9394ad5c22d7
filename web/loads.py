"""What HTTP requests may take: each address so much a second, all together so much at once."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from protocol.errors import Busy
from web.allowance import BYTES_PER_EVENT, Allowance

# What bodies may hold in all, from their first byte until their answer has ended.
MAX_HELD_BYTES = 2**28

# How many addresses are remembered; who comes back after so many others has a new allowance.
MAX_ADDRESSES = 1024

RETRY_AFTER_S = 2


class Load:
    """The bytes of one request that count, for as long as it is open."""

    def __init__(self, loads: "Loads", allowance: Allowance) -> None:
        self._loads, self._allowance = loads, allowance
        self.n_bytes = 0

    def add(self, n_bytes: int) -> None:
        """Count more bytes. Raises Busy where that is too much."""
        self._allowance.spend(n_bytes / BYTES_PER_EVENT)
        if self._loads.n_bytes + n_bytes > MAX_HELD_BYTES:
            raise Busy("Too many pictures are on their way. Try again soon.", RETRY_AFTER_S)
        self._loads.n_bytes += n_bytes
        self.n_bytes += n_bytes


class Loads:
    """Counts what is asked over HTTP. On the loop only."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self._allowances: OrderedDict[str, Allowance] = OrderedDict()

    @contextmanager
    def one(self, address: str) -> Iterator[Load]:
        """Count a request of an address as open, while the context lasts.

        Raises Busy when there were too many of late.
        """
        allowance = self._allowances.setdefault(address, Allowance())
        self._allowances.move_to_end(address)
        if len(self._allowances) > MAX_ADDRESSES:
            self._allowances.popitem(last=False)
        allowance.spend()
        load = Load(self, allowance)
        try:
            yield load
        finally:
            self.n_bytes -= load.n_bytes
