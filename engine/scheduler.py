"""Policy only: whose turn it is. No tensors, no threads, no clock.

A person's question goes first, then the live requests of loops, then looks ahead, and whatever is
still beginning is overtaken by what goes before it. Among those of one kind clients take turns; a
client's questions go in the order they were sent.

Of a client's live requests, and of its looks, one waits: a newer one replaces it and takes its
turn, because an unanswered question about an old frame is no longer worth computing. While one of
its live requests runs, the next waits and lets others pass.

Live requests wait for as long as there are questions. That ends: a person asks no faster than she
reads, and whoever asks without end asks live.
"""

from collections import OrderedDict, deque
from enum import IntEnum
from heapq import heappop, heappush
from itertools import chain

from engine.sequence import Sequence, State


class Rank(IntEnum):
    """What goes first, the smallest before the others."""

    QUESTION = 0
    LIVE = 1
    LOOK = 2


def rank_of(sequence: Sequence) -> Rank:
    if sequence.is_look:
        return Rank.LOOK
    return Rank.LIVE if sequence.request.is_live else Rank.QUESTION


class Scheduler:
    """Who waits, who runs. `n_rows` sequences run at once."""

    def __init__(self, n_rows: int) -> None:
        self._questions: OrderedDict[str, deque[Sequence]] = OrderedDict()
        # Of each client the newest, in the order of their turns.
        self._newest: dict[Rank, dict[str, Sequence]] = {Rank.LIVE: {}, Rank.LOOK: {}}
        # A heap: the lowest free row is taken, so that the rows at work lie close together.
        self._free_rows: list[int] = []
        self._n_rows = 0
        self.running: list[Sequence] = []
        self.add_rows(n_rows)

    @property
    def is_idle(self) -> bool:
        return not self.running and not self._questions and not any(self._newest.values())

    def add_rows(self, n_rows: int) -> None:
        """Let so many more sequences run."""
        for row in range(self._n_rows, self._n_rows + n_rows):
            heappush(self._free_rows, row)
        self._n_rows += n_rows

    def add(self, sequence: Sequence) -> Sequence | None:
        """Put a sequence in line; returns the waiting one it replaces, if any."""
        client, rank = sequence.request.client, rank_of(sequence)
        if rank is Rank.QUESTION:
            self._questions.setdefault(client, deque()).append(sequence)
            return None
        replaced = self._newest[rank].get(client)
        self._newest[rank][client] = sequence
        return replaced

    def admit(self) -> Sequence | None:
        """Give a free row to the next in line; None when nobody may begin.

        One begins at a time, but that it is overtaken by what goes before it.
        """
        sequence, beginning = self._next(), self.beginning()
        if sequence is None or not self._free_rows:
            return None
        if beginning is not None and rank_of(sequence) >= rank_of(beginning):
            return None
        if rank_of(sequence) is Rank.QUESTION:
            # The others of this client stand behind every other client now.
            self._questions.move_to_end(sequence.request.client)
        self._leave_line(sequence)
        sequence.state, sequence.row = State.BEGINNING, heappop(self._free_rows)
        self.running.append(sequence)
        return sequence

    def beginning(self) -> Sequence | None:
        """Whose turn it is to begin, of those who run and do not decode yet."""
        begun = [each for each in self.running if not each.is_decoding]
        return min(begun, key=rank_of, default=None)

    def _next(self) -> Sequence | None:
        questions = (line[0] for line in self._questions.values())
        loops = {each.request.client for each in self.running if rank_of(each) is Rank.LIVE}
        waiting = self._newest[Rank.LIVE]
        live = (each for client, each in waiting.items() if client not in loops)
        return next(chain(questions, live, self.looks()), None)

    def cancel(self, client: str, id: str | None) -> list[Sequence]:
        """Take one sequence of a client, or all of them, out of line and out of the running.

        Returns those taken out; an unknown id takes none.
        """
        cancelled = [
            each
            for each in (*self.running, *self.line(), *self.looks())
            if each.request.client == client and id in (None, each.request.id)
        ]
        for sequence in cancelled:
            self.remove(sequence)
        return cancelled

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence and free its row."""
        if sequence.state is State.WAITING:
            self._leave_line(sequence)
            return
        assert sequence.row is not None, "whoever waits no longer has a row"
        self.running.remove(sequence)
        heappush(self._free_rows, sequence.row)
        sequence.row = None

    def _leave_line(self, sequence: Sequence) -> None:
        client, rank = sequence.request.client, rank_of(sequence)
        if rank is not Rank.QUESTION:
            del self._newest[rank][client]
            return
        self._questions[client].remove(sequence)
        if not self._questions[client]:
            del self._questions[client]

    def line(self) -> list[Sequence]:
        """Every question and live request that waits, in the order of their turns."""
        lines = [list(line) for line in self._questions.values()]
        rounds = max((len(line) for line in lines), default=0)
        questions = [line[turn] for turn in range(rounds) for line in lines if turn < len(line)]
        return [*questions, *self._newest[Rank.LIVE].values()]

    def looks(self) -> list[Sequence]:
        """Every look that waits."""
        return list(self._newest[Rank.LOOK].values())
