"""What breaks inside a handler is told in one response, logged, and ends nothing else."""

import pytest
from engineio.packet import MESSAGE
from engineio.packet import Packet as EioPacket
from engineio.socket import Socket
from flask import Flask
from flask_socketio import SocketIO
from werkzeug.test import create_environ

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


def test_event_whose_attachment_never_comes_ends_its_connection(monkeypatch, request):
    """It was waited for without end, and so was its response."""
    monkeypatch.setattr("web.events.ATTACHMENT_WAIT_S", 0.05)
    app = request.getfixturevalue("app")
    eio = app.extensions["socketio"].server.eio
    halfway, whole = Socket(eio, "halfway"), Socket(eio, "whole")
    for connection in (halfway, whole):
        eio.sockets[connection.sid] = connection
        eio.handlers["connect"](connection.sid, {"flask.app": app, **create_environ()})
        for message in ("0", '51-["cancel",{"id":{"_placeholder":true,"num":0}}]'):
            connection.receive(EioPacket(MESSAGE, message))
    whole.receive(EioPacket(MESSAGE, encoded()))
    while halfway.poll():
        pass
    assert halfway.closed
    assert not whole.closed
