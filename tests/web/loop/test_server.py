"""The port is ours alone, and a server ends in good order."""

import socket
from contextlib import closing

import pytest

from tests.web.loop.story import on_a_loop
from web.loop.server import listen


def test_bridge_can_be_stopped_twice():
    printed = on_a_loop(
        """
        bridge.call(server.stop)
        bridge.call(server.stop)
        bridge.call(print, "stopped")
        """
    )
    assert printed == "stopped\n"


def test_bridge_stops_on_a_signal():
    printed = on_a_loop(
        """
        import os, signal
        bridge.call(os.kill, os.getpid(), signal.SIGTERM)
        print("to be ended")
        """
    )
    assert printed == "to be ended\n"


def test_port_is_refused_when_somebody_has_it():
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])


def test_port_is_not_shared_with_a_second_server():
    """eventlet shares ports by default: a second Moonsight started and silently took questions."""
    with closing(listen("127.0.0.1", 0)) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])
