"""Policy only: whose turn it is. No tensors, no threads, no clock.

Clients take turns; within a client, requests go in the order they were sent. The newest live
request of a client replaces its waiting older one: an unanswered question about an old frame is no
longer worth computing.
"""

from collections import OrderedDict, deque
from heapq import heappop, heappush

from engine.sequence import Sequence


class Scheduler:
    """Who waits, who runs. `n_rows` sequences run at once."""

    def __init__(self, n_rows: int) -> None:
        self._waiting: OrderedDict[str, deque[Sequence]] = OrderedDict()
        # A heap: the lowest free row is taken, so that the rows at work lie close together.
        self._free_rows = list(range(n_rows))
        self.running: list[Sequence] = []

    @property
    def is_idle(self) -> bool:
        return not self.running and not self._waiting

    def add(self, sequence: Sequence) -> Sequence | None:
        """Put a sequence in line; returns the waiting one it replaces, if any."""
        line = self._waiting.setdefault(sequence.request.client, deque())
        replaced = None
        if sequence.request.is_live:
            replaced = next((each for each in line if each.request.is_live), None)
            if replaced is not None:
                line.remove(replaced)
        line.append(sequence)
        return replaced

    def admit(self) -> Sequence | None:
        """Give a free row to the next in line; None when nobody waits or no row is free."""
        if not self._free_rows or not self._waiting:
            return None
        client, line = self._waiting.popitem(last=False)
        sequence = line.popleft()
        if line:
            # The others of this client stand behind every other client now.
            self._waiting[client] = line
        sequence.row = heappop(self._free_rows)
        self.running.append(sequence)
        return sequence

    def cancel(self, client: str, id: str | None) -> list[Sequence]:
        """Take one sequence of a client, or all of them, out of line and out of the running.

        Returns those taken out; an unknown id takes none.
        """
        open_sequences = [*self.running, *self._waiting.get(client, ())]
        cancelled = [
            each
            for each in open_sequences
            if each.request.client == client and id in (None, each.request.id)
        ]
        for sequence in cancelled:
            self.remove(sequence)
        return cancelled

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence and free its row."""
        if sequence.row is not None:
            self.running.remove(sequence)
            heappush(self._free_rows, sequence.row)
            sequence.row = None
            return
        client = sequence.request.client
        self._waiting[client].remove(sequence)
        if not self._waiting[client]:
            del self._waiting[client]

    def line(self) -> list[Sequence]:
        """Everybody who waits, in the order in which they will be admitted."""
        lines = [list(line) for line in self._waiting.values()]
        rounds = max((len(line) for line in lines), default=0)
        return [line[turn] for turn in range(rounds) for line in lines if turn < len(line)]
