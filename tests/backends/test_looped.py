"""What models on a loop of their own share; what they promise is in `test_contract.py`."""

import asyncio
from threading import current_thread

from backends.looped import LoopedModel
from protocol.status import ModelState, Status
from settings import Settings
from tests.fakes import make_request


class Listed(LoopedModel):
    """Tells which of its own methods ran, and on which thread."""

    def __init__(self) -> None:
        super().__init__(Settings(), Status(ModelState.LOADING, "listed"), "listed")
        self.told: list[tuple[str, str]] = []
        self._thread.start()

    async def _serve(self) -> None:
        await self._closing.wait()
        # Whatever came in before is taken first.
        await asyncio.sleep(0)

    def _enter(self, request, sink) -> None:
        self.told.append((request.id, current_thread().name))

    def _cancel(self, client, id) -> None:
        self.told.append((f"cancel {id}", current_thread().name))


def test_what_is_asked_from_any_thread_is_done_in_order_on_its_own():
    model = Listed()
    for id in "12":
        model.submit(make_request(id), print)
    model.cancel("ann", "1")
    model.cancel("ann", "unknown")
    assert model.close()
    assert model.close(), "a second time, too"
    assert model.told == [("1", "listed"), ("2", "listed"), ("cancel 1", "listed")]
