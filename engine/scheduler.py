"""Policy only: whose turn it is. No tensors, no threads, no clock.

Clients take turns; within a client, requests go in the order they were sent. The newest live
request of a client replaces its waiting older one: an unanswered question about an old frame is no
longer worth computing. While one of them runs, the next waits and lets others pass. Looks ahead
come after every question, and of each client's only the newest.
"""

from collections import OrderedDict, deque
from heapq import heappop, heappush

from engine.sequence import Sequence, State


class Scheduler:
    """Who waits, who runs. `n_rows` sequences run at once."""

    def __init__(self, n_rows: int) -> None:
        self._waiting: OrderedDict[str, deque[Sequence]] = OrderedDict()
        self._looks: dict[str, Sequence] = {}
        # A heap: the lowest free row is taken, so that the rows at work lie close together.
        self._free_rows: list[int] = []
        self._n_rows = 0
        self.running: list[Sequence] = []
        self.add_rows(n_rows)

    @property
    def is_idle(self) -> bool:
        return not self.running and not self._waiting and not self._looks

    def add_rows(self, n_rows: int) -> None:
        """Let so many more sequences run."""
        for row in range(self._n_rows, self._n_rows + n_rows):
            heappush(self._free_rows, row)
        self._n_rows += n_rows

    def add(self, sequence: Sequence) -> Sequence | None:
        """Put a sequence in line; returns the waiting one it replaces, if any."""
        client = sequence.request.client
        if sequence.is_look:
            replaced = self._looks.pop(client, None)
            self._looks[client] = sequence
            return replaced
        line = self._waiting.setdefault(client, deque())
        replaced = None
        if sequence.request.is_live:
            replaced = next((each for each in line if each.request.is_live), None)
            if replaced is not None:
                line.remove(replaced)
        line.append(sequence)
        return replaced

    def admit(self) -> Sequence | None:
        """Give a free row to the next in line; None when nobody may begin.

        One begins at a time, but that a question overtakes a look.
        """
        beginning = self.beginning()
        if not self._free_rows or (beginning is not None and not beginning.is_look):
            return None
        sequence = self._next_question()
        if sequence is None and beginning is None and self._looks:
            sequence = self._looks.pop(next(iter(self._looks)))
        if sequence is None:
            return None
        sequence.state, sequence.row = State.BEGINNING, heappop(self._free_rows)
        self.running.append(sequence)
        return sequence

    def beginning(self) -> Sequence | None:
        """Whose turn it is to begin: of those who run and do not decode yet, a question."""
        begun = [each for each in self.running if not each.is_decoding]
        return min(begun, key=lambda each: each.is_look, default=None)

    def _next_question(self) -> Sequence | None:
        live = [each.request for each in self.running if each.request.is_live and not each.is_look]
        loops = {each.client for each in live}
        for client, line in self._waiting.items():
            for sequence in line:
                if not (sequence.request.is_live and client in loops):
                    # The others of this client stand behind every other client now.
                    self._waiting.move_to_end(client)
                    self._leave_line(sequence)
                    return sequence
        return None

    def cancel(self, client: str, id: str | None) -> list[Sequence]:
        """Take one sequence of a client, or all of them, out of line and out of the running.

        Returns those taken out; an unknown id takes none.
        """
        looks = [self._looks[client]] if client in self._looks else []
        open_sequences = [*self.running, *self._waiting.get(client, ()), *looks]
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
        if sequence.state is not State.WAITING:
            assert sequence.row is not None, "whoever waits no longer has a row"
            self.running.remove(sequence)
            heappush(self._free_rows, sequence.row)
            sequence.row = None
            return
        if sequence.is_look:
            del self._looks[sequence.request.client]
        else:
            self._leave_line(sequence)

    def _leave_line(self, sequence: Sequence) -> None:
        client = sequence.request.client
        self._waiting[client].remove(sequence)
        if not self._waiting[client]:
            del self._waiting[client]

    def line(self) -> list[Sequence]:
        """Every question that waits, in the order in which they will be admitted."""
        lines = [list(line) for line in self._waiting.values()]
        rounds = max((len(line) for line in lines), default=0)
        return [line[turn] for turn in range(rounds) for line in lines if turn < len(line)]

    def looks(self) -> list[Sequence]:
        """Every look that waits."""
        return list(self._looks.values())
