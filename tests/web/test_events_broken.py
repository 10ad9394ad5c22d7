"""What breaks inside a handler is told in one response, logged, and ends nothing else."""

import pytest
from flask import Flask
from flask_socketio import SocketIO

from protocol.frame import FrameLimits
from protocol.status import ModelState, Status
from tests.protocol.pictures import encoded
from web.events import PageEvents
from web.metrics import Metrics
from web.packets import PagePacket

QUESTION = {"id": "1", "question": "What is it?", "image": encoded()}


class BrokenModel:
    """Breaks whenever it is asked."""

    status, failure = Status(ModelState.READY, "broken"), None

    def watch(self, on_status) -> None:
        pass

    def submit(self, request, sink) -> None:
        raise ZeroDivisionError("of the inside")

    def cancel(self, client, id=None) -> None:
        raise ZeroDivisionError("of the inside")


class StillBridge:
    """Nothing crosses it in these tests."""

    def call(self, function, *args) -> None:
        pass

    def call_later(self, delay_s, function, *args) -> None:
        pass

    def breathe(self) -> None:
        pass


@pytest.fixture
def app():
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading", serializer=PagePacket)
    model = BrokenModel()
    PageEvents(socketio, model, StillBridge(), FrameLimits(2**20, 2**20), Metrics(model).submit)
    return app


@pytest.fixture
def page(app):
    client = app.extensions["socketio"].test_client(app)
    client.get_received()
    return client


@pytest.mark.parametrize("event", ["query", "caption", "look"])
def test_request_that_breaks_the_handler_gets_its_one_response(page, event, caplog):
    page.emit(event, QUESTION)
    (response,) = page.get_received()
    told = response["args"][0]
    assert response["name"] == ("looked" if event == "look" else "response")
    assert (told["id"], told["finish_reason"]) == ("1", "error")
    assert told["error"] == {
        "code": "internal",
        "message": "Something went wrong while answering. Ask again.",
    }
    assert "of the inside" not in str(told)
    assert [record.message for record in caplog.records] == ["An event could not be taken"]


def test_cancel_that_breaks_the_handler_ends_nothing(page, caplog):
    page.emit("cancel", {"id": "1"})
    assert page.get_received() == []
    assert page.is_connected()
    assert len(caplog.records) == 1
