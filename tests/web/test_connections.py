"""Which connections are ended, and that nobody misses the last that he is told."""

import pytest
from engineio.packet import MESSAGE, NOOP
from engineio.packet import Packet as EioPacket
from engineio.socket import Socket
from flask import Flask
from flask_socketio import SocketIO
from werkzeug.test import create_environ

from tests.protocol.pictures import encoded
from tests.web.test_alerts import ShortBridge
from web.connections import Connections
from web.packets import PagePacket


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading", serializer=PagePacket)
    socketio.on_event("connect", lambda auth=None: None)
    return app


@pytest.fixture
def connections(app: Flask) -> Connections:
    return Connections(app.extensions["socketio"].server, ShortBridge())


def connect(app: Flask, *messages: str) -> Socket:
    eio = app.extensions["socketio"].server.eio
    connection = Socket(eio, f"{len(eio.sockets)}")
    eio.sockets[connection.sid] = connection
    eio.handlers["connect"](connection.sid, {"flask.app": app, **create_environ()})
    for message in ("0", *messages):
        connection.receive(EioPacket(MESSAGE, message))
    return connection


def client_of(app: Flask, connection: Socket) -> str:
    return app.extensions["socketio"].server.manager.sid_from_eio_sid(connection.sid, "/")


def hear(connection: Socket) -> None:
    """Take all that it is told."""
    while not connection.queue.empty():
        connection.queue.get_nowait()


def test_event_whose_attachment_never_comes_ends_its_connection(monkeypatch, app, connections):
    """It was waited for without end, and so was its response."""
    monkeypatch.setattr("web.connections.ATTACHMENT_WAIT_S", 0.05)
    event = '51-["cancel",{"id":{"_placeholder":true,"num":0}}]'
    halfway, whole = connect(app, event), connect(app, event)
    whole.receive(EioPacket(MESSAGE, encoded()))
    app.extensions["socketio"].start_background_task(connections.end_unfinished)
    while halfway.poll():
        pass
    assert halfway.closed
    assert not whole.closed


def test_idle_connection_ends_and_a_busy_one_stays(app, connections):
    idle, busy = connect(app), connect(app)
    hear(idle)
    hear(busy)
    busy_client = client_of(app, busy)
    connections.end_idle(lambda client: client == busy_client)
    assert idle.closed
    assert not busy.closed


def test_last_words_are_heard_before_a_connection_ends(app, connections):
    """Who asks now and then for what is new would never have heard them."""
    idle = connect(app)
    hear(idle)
    idle.send(EioPacket(NOOP))
    connections.end_idle(lambda client: False)
    assert not idle.closed
    hear(idle)
    connections.end_idle(lambda client: False)
    assert idle.closed
