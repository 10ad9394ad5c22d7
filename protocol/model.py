"""The contract of a model: what the page, the APIs and Python are handed, and nothing more.

Whatever answers (the resident network, one in a process of its own, another server) keeps it, so
that nobody who asks needs to know which it is.
"""

from collections.abc import Callable
from typing import Protocol

from protocol.answer import Sink
from protocol.errors import ModelFailed
from protocol.request import Request
from protocol.status import Status

OnStatus = Callable[[Status], None]


class Model(Protocol):
    """Answers requests, each through its own sink. It begins to load when it is made.

    Threads: each kind says which threads may call it, and on which thread it calls sinks and
    watchers; none of its methods blocks but `close`.
    Order: the requests of one client are taken in the order in which they were submitted. A sink
    gets `Waiting` any number of times, `Started` at most once, then the pieces, then `Finished`
    exactly once and nothing after it, whatever happens to the model.
    """

    @property
    def status(self) -> Status:
        """How far it is, now."""

    @property
    def failure(self) -> ModelFailed | None:
        """Why it cannot answer; None while it can, or still may."""

    def watch(self, on_status: OnStatus) -> None:
        """Call `on_status` at every change of `status` from now on; it must not block or raise."""

    def submit(self, request: Request, sink: Sink) -> None:
        """Queue `request`; what happens to it goes to `sink`. While the model loads, it waits.

        Raises, and then calls the sink never: Busy when too many requests are open in all or of
        this client, BadRequest when its id is open already, ModelFailed when the model cannot
        answer or is closed. Whatever else goes wrong is the `error` of `Finished`.
        A client's live requests count as one, and so do its looks: the newest is never refused for
        its own elders, and replaces the one that waits.
        """

    def cancel(self, client: str, id: str | None = None) -> None:
        """End one open request of a client, or all of them, within one token.

        Each still gets its `Finished`. Unknown ids are ignored.
        """

    def close(self) -> bool:
        """End every answer and free everything; says whether that ended in time."""
