"""Alerts are checked and handed on, so many a second of one client and no more."""

import pytest
from flask import Flask
from flask_socketio import SocketIO

from protocol.alert import Alert
from protocol.errors import BadRequest, Busy, NotDelivered, NoWebhook
from protocol.frame import FrameLimits
from tests.fakes import ReadyModel
from tests.protocol.pictures import encoded
from web.alerts import BURST, Alerts
from web.events import PageEvents
from web.metrics import Metrics
from web.packets import PagePacket

LIMITS = FrameLimits(2**20, 2**20)
ALERT = {
    "id": "a",
    "rule": "Door",
    "kind": "object",
    "object": "cat",
    "count": 1,
    "told_at": "2026-03-01T12:00:00Z",
    "image": encoded(),
}


class FakeHook:
    """Delivers at once, or fails as a test says."""

    host, is_here = "hooks.example", False

    def __init__(self, has_frames: bool = False) -> None:
        self.has_frames = has_frames
        self.delivered: list[Alert] = []
        self.error: Exception | None = None

    def deliver(self, alert: Alert, on_end) -> None:
        if isinstance(self.error, NotDelivered) or self.error is None:
            self.delivered.append(alert)
            on_end(self.error)
        else:
            raise self.error


def unheard(error) -> None:
    raise AssertionError("nothing was handed on")


@pytest.mark.parametrize("has_frames", [False, True])
def test_picture_is_handed_on_only_where_pictures_may_leave(has_frames: bool):
    hook = FakeHook(has_frames)
    Alerts(hook, LIMITS).take("ann", "a", ALERT, lambda error: None)
    assert (hook.delivered[0].frame is not None) == has_frames


def test_alert_without_a_webhook_is_refused_with_what_to_do():
    with pytest.raises(NoWebhook, match="--alert-webhook URL"):
        Alerts(None, LIMITS).take("ann", "a", ALERT, unheard)


def test_alert_that_is_wrong_is_handed_to_nobody():
    hook = FakeHook()
    with pytest.raises(BadRequest):
        Alerts(hook, LIMITS).take("ann", "a", ALERT | {"count": -1}, unheard)
    assert hook.delivered == []


def test_client_that_tells_too_many_is_refused_and_nobody_else():
    hook = FakeHook()
    alerts = Alerts(hook, LIMITS)
    for _ in range(BURST):
        alerts.take("ann", "a", ALERT, lambda error: None)
    with pytest.raises(Busy, match="More than one alert a second"):
        alerts.take("ann", "a", ALERT, unheard)
    alerts.take("bob", "a", ALERT, lambda error: None)
    assert len(hook.delivered) == BURST + 1
    alerts.forget("ann")
    alerts.forget("ann")
    assert alerts._allowances.keys() == {"bob"}


class ShortBridge:
    """Makes each call at once."""

    def call(self, function, *args) -> None:
        function(*args)

    call_later = breathe = lambda *args: None


@pytest.fixture
def hook() -> FakeHook:
    return FakeHook()


@pytest.fixture
def page(hook):
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading", serializer=PagePacket)
    model = ReadyModel()
    PageEvents(socketio, model, ShortBridge(), LIMITS, Metrics(model).submit, hook)
    client = socketio.test_client(app)
    client.get_received()
    return client


def alerted(page, *payload: object) -> dict:
    page.emit("alert", *payload)
    (event,) = page.get_received()
    assert event["name"] == "alerted"
    return event["args"][0]


def test_alert_that_is_delivered_is_told_so(page):
    assert alerted(page, ALERT) == {"id": "a", "is_delivered": True}


@pytest.mark.parametrize(
    "error", [NotDelivered("hooks.example answered 404."), Busy("Too many alerts wait.")]
)
def test_alert_that_is_not_delivered_is_told_with_its_reason(page, hook, error):
    hook.error = error
    told = alerted(page, ALERT)
    assert told["is_delivered"] is False
    assert told["error"] == {"code": error.code, "message": error.message}


@pytest.mark.parametrize("payload", [(), (None,), ([],), ("alert",), ({"id": 5},)])
def test_nonsense_is_told_under_an_id_of_its_own(page, payload):
    told = alerted(page, *payload)
    assert told["error"]["code"] == "bad_request"
    assert told["id"]


def test_alert_that_breaks_the_handler_is_told_once_and_logged(page, hook, caplog):
    hook.error = ZeroDivisionError("of the inside")
    told = alerted(page, ALERT)
    assert (told["id"], told["error"]["code"]) == ("a", "internal")
    assert "of the inside" not in str(told)
    assert len(caplog.records) == 1
