"""The webhook that was named at the start: alerts leave from a thread of their own.

On that thread runs an event loop of asyncio's, which bounds an attempt as a whole: a server that
sends a byte now and then would hold on to anything that bounds only each wait.
"""

import asyncio
import logging
from math import inf
from threading import Lock, Thread
from time import monotonic

from outgoing import FAILURES, open_client, why
from protocol.alert import Alert, OnDelivered
from protocol.errors import Busy, Closing, NotDelivered, RequestError
from protocol.formats.alert_post import MEDIA_TYPE, post_body
from protocol.hosts import parse_hook

log = logging.getLogger(__name__)

# From the name of the host to the status of the answer.
ATTEMPT_S = 5.0
# Before the second attempt, and before the third.
PAUSES_S = (0.5, 2.0)

# Alerts that wait, and the bytes of their pictures.
MAX_WAITING = 32
MAX_WAITING_BYTES = 32 * 2**20

COMPLAINT_INTERVAL_S = 60
CLOSE_S = 0.5

_TOO_MANY_REQUESTS = 429


class Webhook:
    """Posts alerts to one address, one after the other; keeps the contract of `protocol/alert.py`.

    The thread starts with the object. `deliver` and `close` may be called from any thread and do
    not wait for it. What the server answers is not read beyond its head.
    """

    def __init__(
        self,
        url: str,
        has_frames: bool = False,
        attempt_s: float = ATTEMPT_S,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        """url: as `parse_hook` takes it. Raises StartRefused when this computer cannot send."""
        address = parse_hook(url)
        self.host, self.is_here, self.has_frames = address.host, address.is_here, has_frames
        self._attempt_s, self._pauses_s = attempt_s, pauses_s
        self._url = address.url
        # It keeps no connection: that may have been closed by the time of the next alert.
        self._client = open_client(
            "alert",
            is_here=address.is_here,
            headers={"Content-Type": MEDIA_TYPE},
            credentials=address.credentials,
        )
        self._complained_at = -inf
        # Guards what follows: counted up by deliver, down by the webhook's thread.
        self._lock = Lock()
        self._n_waiting = self._n_bytes = 0
        self._is_closed = False
        # The webhook's thread only.
        self._turn = asyncio.Lock()
        self._carrying: set[asyncio.Task | None] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def deliver(self, alert: Alert, on_end: OnDelivered) -> None:
        """Post an alert soon; `on_end` is told the end from the webhook's thread.

        Raises Busy when too many wait, Closing after `close()`.
        """
        n_bytes = len(alert.frame.data) if alert.frame else 0
        with self._lock:
            if self._is_closed:
                raise Closing
            if self._n_waiting >= MAX_WAITING or self._n_bytes + n_bytes > MAX_WAITING_BYTES:
                raise Busy(f"Too many alerts wait for {self.host}. This one was left out.")
            self._n_waiting += 1
            self._n_bytes += n_bytes
            asyncio.run_coroutine_threadsafe(self._carry(alert, n_bytes, on_end), self._loop)

    def close(self) -> None:
        """End what is under way and what waits: each is told so."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        self._thread.join(CLOSE_S)

    # Everything below runs on the webhook's thread.

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _carry(self, alert: Alert, n_bytes: int, on_end: OnDelivered) -> None:
        error: RequestError | None = None
        self._carrying.add(asyncio.current_task())
        try:
            async with self._turn:
                await self._post(post_body(alert))
        except NotDelivered as failure:
            error = failure
            self._complain(failure)
        except asyncio.CancelledError:
            error = Closing("Moonsight is closing. This alert was not delivered.")
        self._carrying.remove(asyncio.current_task())
        with self._lock:
            self._n_waiting -= 1
            self._n_bytes -= n_bytes
        on_end(error)

    async def _post(self, body: bytes) -> None:
        """Try, and try again where that may help."""
        for pause_s in (*self._pauses_s, None):
            failure = await self._attempt(body)
            if failure is None:
                return
            if pause_s is None or not failure.may_pass:
                raise failure
            await asyncio.sleep(pause_s)

    async def _attempt(self, body: bytes) -> "Failure | None":
        try:
            async with (
                asyncio.timeout(self._attempt_s),
                self._client.stream("POST", self._url, content=body) as response,
            ):
                return _judge(self.host, response.status_code)
        except TimeoutError:
            reason = f"did not answer within {self._attempt_s:g} s"
        except FAILURES as error:
            reason = why(error)
        return Failure(f"{self.host} {reason}.", may_pass=True)

    def _complain(self, failure: NotDelivered) -> None:
        """Say in the terminal where alerts do not arrive, and why; nothing of what they tell."""
        if monotonic() - self._complained_at >= COMPLAINT_INTERVAL_S:
            self._complained_at = monotonic()
            log.warning("An alert was not delivered: %s", failure.message)

    async def _end(self) -> None:
        carrying = [task for task in self._carrying if task is not None]
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        await self._client.aclose()
        self._loop.stop()


class Failure(NotDelivered):
    """Why an attempt failed. may_pass: whether another one may succeed."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


def _judge(host: str, status: int) -> Failure | None:
    """Why an answer's status means that an alert was not taken, None where it was."""
    match status // 100:
        case 2:
            return None
        case 3:
            reason = f"{host} answered {status}: redirects are not followed"
            return Failure(f"{reason}. Start with the address it leads to.", may_pass=False)
    may_pass = status >= 500 or status == _TOO_MANY_REQUESTS
    return Failure(f"{host} answered {status}.", may_pass=may_pass)
