"""How a web tier reaches the replicas: the one place that knows Ray's handles and its errors."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from time import monotonic
from typing import Any

import ray
from ray import serve
from ray._private import auto_init_hook
from ray.exceptions import AuthenticationError, RayError
from ray.serve.exceptions import RayServeException

from backends.replicas.replica import SIGN_S, Report
from backends.replicas.version import version
from protocol.answer import AnswerEvent, Finished
from protocol.errors import ModelFailed
from protocol.hosts import ClusterAddress
from protocol.request import Request

# A replica that says nothing for so long, not even that it goes on, does not answer any more.
SILENT_S = 10 * SIGN_S
# Until a replica has taken a request it may be sent again.
TAKEN_S = 5.0
REPORT_TIMEOUT_S = 2.0
LEAVE_S = 1.0

# How this program joins a cluster: what that says is not for the terminal.
QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
logging.getLogger("ray.serve").setLevel(logging.ERROR)

BROKE_OFF = "The machine that was answering broke off. Ask once more."
OTHER_VERSION = (
    "The cluster runs another version of Moonsight than this page. Deploy this version there, or"
    " start the page from that one."
)
OTHER_TOKEN = (
    "The cluster asks for a token that this computer does not have. Copy ~/.ray/auth_token from a"
    " machine of the cluster, and start again."
)


class ClusterAway(Exception):
    """It cannot be reached, or nothing of that name is deployed there."""


class NotTaken(Exception):
    """No replica has taken the request; it can be sent again."""


class Connection:
    """To the replicas of one deployment. Its coroutines on one asyncio loop."""

    def __init__(self, address: ClusterAddress) -> None:
        self._address = address
        self._handle: Any = None

    async def connect(self) -> None:
        """Join the cluster and find the deployment; may take seconds.

        Raises ClusterAway, and ModelFailed when the cluster wants another token.
        """
        await asyncio.to_thread(self._connect)

    def _connect(self) -> None:
        try:
            if not ray.is_initialized():
                ray.init(self._address.address, **QUIET)
            self._handle = serve.get_app_handle(self._address.name)
        # Each of its parts raises what it likes.
        except Exception as error:
            # Of which the innermost comes as text.
            if AuthenticationError.__name__ in str(error.__cause__):
                raise ModelFailed(OTHER_TOKEN) from error
            raise ClusterAway from error

    async def leave(self) -> None:
        """Leave the cluster, or what is left of it; blocks the loop for a moment."""
        if self._handle is not None:
            # Else its own reports would find no cluster, and complain on the terminal.
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._handle.shutdown_async()
        self._handle = None
        # Else what is left of it in this process would start another one, open to the network.
        auto_init_hook.enable_auto_connect = False
        ray.shutdown()

    async def reports(self, tier: str) -> list[Report] | None:
        """How each replica is that answers now, and a sign of life to it.

        None when one of them does not answer, which the cluster will find out itself. Raises
        ModelFailed when a replica speaks another version of the protocol.
        """
        try:
            asked = self._handle.broadcast("status", tier)
            told = await asked.results_async(timeout_s=REPORT_TIMEOUT_S, return_exceptions=True)
        except TimeoutError:
            return None
        except (RayError, RayServeException, RuntimeError):
            return []
        answered = [each for each in told if not isinstance(each, Exception)]
        if any(spoken != version() for spoken, _ in answered):
            raise ModelFailed(OTHER_VERSION)
        return [report for _, report in answered]

    async def answer(
        self, request: Request, tier: str, n_tries: int = 0
    ) -> AsyncGenerator[list[AnswerEvent], None]:
        """What `Replica.answer` yields, of the client's own replica; when tried again, of another.

        Raises NotTaken before the first list and ModelFailed after it, when the replica broke off
        or fell silent. Whoever stops listening ends the answer there, too.
        """
        # By which the replica is chosen: always the same one, as long as there are the same.
        session = f"{request.client}/{n_tries}" if n_tries else request.client
        options = {"method_name": "answer", "stream": True, "session_id": session}
        age_s = monotonic() - request.arrived_at
        response = self._handle.options(**options).remote(request, age_s, tier)
        is_taken = has_ended = False
        try:
            while not has_ended:
                # `wait_for` loses a cancellation that comes together with a list.
                async with asyncio.timeout(SILENT_S if is_taken else TAKEN_S):
                    events = await anext(response)
                is_taken, has_ended = True, bool(events) and isinstance(events[-1], Finished)
                yield events
        except (RayError, RayServeException, StopAsyncIteration, TimeoutError) as error:
            raise (ModelFailed(BROKE_OFF) if is_taken else NotTaken) from error
        finally:
            if not has_ended:
                # To stop listening, or to drop the task, stops nothing there.
                response.cancel()
