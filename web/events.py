"""Socket.IO: every skill and `cancel` in, everything that happens to them out."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO
from socketio import Manager

from protocol.alert import Hook
from protocol.answer import AnswerEvent, Finished, FinishReason, names_frame, refusal, unbegun
from protocol.camera import Cameras
from protocol.errors import Busy, Internal, RequestError
from protocol.formats.page_alerts import alerted_payload
from protocol.formats.page_events import (
    event_payload,
    parse_cancel,
    parse_request,
    request_id,
    status_payload,
)
from protocol.formats.skills import error_payload
from protocol.frame import FrameLimits
from protocol.model import Model
from protocol.request import Request, Skill
from protocol.status import Status
from web.access import Access
from web.alerts import Alerts
from web.cameras import CameraViews
from web.connections import Connections
from web.doorstep import Asking, Doorstep
from web.held_frames import HeldFrames
from web.loop.calls import Bridge
from web.metrics import Submit
from web.origins import Origins
from web.outlet import Outlet
from web.packets import PagePacket, check_rest
from web.sharing import Sharing

log = logging.getLogger(__name__)
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)

ALERT = "alert"

# As which the page's questions are counted.
DOOR = "page"

HELD_FRAMES_BYTES = 64 * 2**20
MAX_REFUSED = 20_000

# What a message may hold besides its frame: the question, the settings, the envelope.
ENVELOPE_BYTES = 2**20
# A picture as a camera's card holds it, whatever the limit, is refused in words.
MIN_MESSAGE_BYTES = 32 * 2**20


def add_events(
    app: Flask,
    model: Model,
    bridge: Bridge,
    limits: FrameLimits,
    origins: Origins,
    submit: Submit,
    hook: Hook | None = None,
    queue: Manager | None = None,
    cameras: Cameras | None = None,
    access: Access | None = None,
) -> "PageEvents":
    """Serve Socket.IO beside the app's pages.

    submit: hands a request to the model. hook: where the page's alerts go, if anywhere.
    queue: by which other servers reach these pages, too. cameras: what pages may look through.
    access: who may connect, if not everybody.
    """
    socketio = SocketIO(
        app,
        async_mode="eventlet",
        client_manager=queue or Manager(),
        # One client's requests must be taken in the order they were sent.
        async_handlers=False,
        cors_allowed_origins=origins.may_ask,
        serializer=PagePacket,
        # Larger messages end the connection without a word, so leave room to refuse them in words:
        # base64 makes four bytes of three.
        max_http_buffer_size=max(4 * limits.max_bytes, MIN_MESSAGE_BYTES) + ENVELOPE_BYTES,
        # The library logs a traceback for every broken packet that a stranger sends.
        logger=_SILENT,
        engineio_logger=_SILENT,
    )
    return PageEvents(socketio, model, bridge, limits, submit, hook, cameras, access)


class PageEvents:
    """The handlers of one server. They run on the loop, check, submit, and return at once."""

    def __init__(
        self,
        socketio: SocketIO,
        model: Model,
        bridge: Bridge,
        limits: FrameLimits,
        submit: Submit,
        hook: Hook | None = None,
        cameras: Cameras | None = None,
        access: Access | None = None,
    ) -> None:
        self._access = access
        self._socketio, self._model, self._bridge = socketio, model, bridge
        self._limits, self._submit_to_model = limits, submit
        self._held_frames = HeldFrames(HELD_FRAMES_BYTES)
        self._doorsteps: dict[str, Doorstep] = {}
        self._alerts = Alerts(hook, limits)
        self.sharing = Sharing(limits, self._send, model.cancel)
        self._views = CameraViews(cameras, self._send, bridge)

        socketio.on_event("connect", self._connect)
        socketio.on_event("disconnect", self._disconnect)
        socketio.on_event("cancel", self._cancel)
        socketio.on_event(ALERT, self._alert)
        socketio.on_event("share", partial(self._hear, self.sharing.share))
        socketio.on_event("shown", partial(self._hear, self.sharing.show))
        socketio.on_event("camera", partial(self._hear, self._views.choose))
        socketio.on_event("camera_seen", partial(self._hear, self._views.acknowledge))
        for skill in Skill:
            socketio.on_event(skill.value, partial(self._ask, skill))
        socketio.on_error_default(self._break)
        self.connections = Connections(socketio.server, bridge)
        socketio.start_background_task(self.connections.end_unfinished)
        model.watch(lambda status: bridge.call(self._tell_status, status))

    def _connect(self, auth: object = None) -> None:
        try:
            if self._access is not None:
                self._access.admit(request.environ, auth)
        except RequestError as error:
            raise ConnectionRefusedError(error.message, error_payload(error)) from error
        client = _client()
        self._doorsteps[client] = Doorstep(
            partial(self._submit, client),
            partial(self._refuse, client),
            partial(self._end_waiting, client, FinishReason.REPLACED),
            self._bridge.call_later,
        )
        self._send(client, "status", status_payload(self._model.status))

    def _disconnect(self, *reason: object) -> None:
        client = _client()
        self._model.cancel(client)
        self._held_frames.forget(client)
        self._alerts.forget(client)
        self.sharing.forget(client)
        self._views.forget(client)
        if doorstep := self._doorsteps.pop(client, None):
            doorstep.take_away()

    def _ask(self, skill: Skill, payload: object = None, *rest: object) -> None:
        if doorstep := self._doorstep(_client()):
            doorstep.come(Asking(skill, request_id(payload), payload, rest))
            self._bridge.breathe()

    def _alert(self, payload: object = None, *rest: object) -> None:
        client, id = _client(), request_id(payload)
        doorstep = self._doorstep(client)
        if doorstep is None:
            return
        on_end = partial(self._bridge.call, self._tell_alerted, client, id)
        try:
            doorstep.allowance.spend()
            check_rest(rest)
            self._alerts.take(client, id, payload, on_end)
        except RequestError as error:
            self._tell_alerted(client, id, error)
        self._bridge.breathe()

    def _hear(
        self, take: Callable[[str, object], None], payload: object = None, *_: object
    ) -> None:
        """Take what a page says of its sharing, or of a camera; nobody answers it."""
        client = _client()
        if doorstep := self._doorstep(client):
            with suppress(Busy):
                doorstep.allowance.spend()
                take(client, payload)
        self._bridge.breathe()

    def _doorstep(self, client: str) -> Doorstep | None:
        """Where a client's events come in; None of one that left, or is sent away."""
        doorstep = self._doorsteps.get(client)
        if doorstep is not None and doorstep.allowance.n_refused > MAX_REFUSED:
            # It does not listen, and what is said to it piles up here.
            self._socketio.server.disconnect(client)
            return None
        # Its last events may still be on the way when it has left.
        return doorstep

    def _break(self, error: Exception) -> None:
        """The last resort: whatever broke in a handler, the page gets its one response."""
        log.error("An event could not be taken", exc_info=error)
        event: dict[str, Any] = request.event  # type: ignore[attr-defined]
        name, id = event["message"], request_id(next(iter(event["args"]), None))
        if name == ALERT:
            self._tell_alerted(_client(), id, Internal())
        elif name in set(Skill):
            self._emit(_client(), refusal(id, Skill(name), Internal()))

    def _submit(self, client: str, asking: Asking) -> None:
        check_rest(asking.rest)
        asked = parse_request(
            asking.skill,
            asking.payload,
            id=asking.id,
            client=client,
            limits=self._limits,
            find_frame=partial(self._held_frames.find, client),
        )
        # The others' frames are held by name, and there alone.
        told = asked if asking.loop else asked.without_picture()
        send = partial(self._tell, told, asking.loop)
        self._submit_to_model(DOOR, asked, Outlet(self._bridge.call, send))
        if asking.loop is None:
            self._hold_frame(asked)

    def _tell(self, asked: Request, loop: str | None, event: AnswerEvent) -> None:
        """Send what happens to a request to its client."""
        if loop is not None and names_frame(event):
            # Those that are replaced would push out the frames that somebody asks about.
            self._hold_frame(asked)
        self._emit(asked.client, event)
        doorstep = self._doorsteps.get(asked.client)
        if loop is not None and isinstance(event, Finished) and doorstep is not None:
            doorstep.end(loop)

    def _hold_frame(self, asked: Request) -> None:
        # Nobody forgets the frames of a client that has left.
        if asked.frame and asked.frame_id and asked.client in self._doorsteps:
            self._held_frames.hold(asked.client, asked.frame_id, asked.frame, asked.is_live)

    def _refuse(self, client: str, asking: Asking, error: RequestError) -> None:
        self._emit(client, refusal(asking.id, asking.skill, error))

    def _end_waiting(self, client: str, reason: FinishReason, asking: Asking) -> None:
        self._emit(client, unbegun(asking.id, asking.skill, reason))

    def _cancel(self, payload: object = None, *rest: object) -> None:
        client, id = _client(), parse_cancel(payload)
        if id is not None and client in self._doorsteps:
            for asking in self._doorsteps[client].take_away(id):
                self._end_waiting(client, FinishReason.CANCELLED, asking)
            self._model.cancel(client, id)
            self.sharing.stop(client, id)
        self._bridge.breathe()

    def _emit(self, client: str, event: AnswerEvent) -> None:
        self._send(client, *event_payload(event))

    def _tell_alerted(self, client: str, id: str, error: RequestError | None) -> None:
        self._send(client, "alerted", alerted_payload(id, error))

    def _send(self, client: str, name: str, payload: dict[str, Any]) -> None:
        # Whoever is told something here is here.
        self._socketio.emit(name, payload, to=client, ignore_queue=True)

    def _tell_status(self, status: Status) -> None:
        self._socketio.emit("status", status_payload(status), ignore_queue=True)


def _client() -> str:
    """The asking connection: unguessable, and the room that reaches it alone."""
    connection: Any = request
    return connection.sid
