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
    (first,) = listen("127.0.0.1", 0)
    with closing(first), pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
def test_every_address_of_ipv6_is_every_address_of_ipv4_too():
    (listener,) = listen("::", 0)
    port = listener.getsockname()[1]
    with closing(listener):
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port)).close()


N_OPEN_FILES = 60


def test_server_goes_on_after_too_many_connections():
    """At the first that could not be taken, eventlet gave the port up, and nobody came in again."""
    printed = on_a_loop(
        f"""
        import resource, socket

        resource.setrlimit(resource.RLIMIT_NOFILE, ({N_OPEN_FILES}, {N_OPEN_FILES}))
        (listener,) = listeners = listen("127.0.0.1", 0)
        crowd = []

        def come_in():
            try:
                while True:
                    crowd.append(socket.create_connection(listener.getsockname(), timeout=5))
            except OSError:
                bridge.call(leave)

        def leave():
            for each in crowd:
                each.close()
            Thread(target=ask).start()

        def ask():
            with socket.create_connection(listener.getsockname(), timeout=10) as late:
                late.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                print(late.recv(8))
            bridge.call(server.stop)

        Thread(target=come_in).start()
        server.serve(lambda environ, start: (start("200 OK", []), [b"here"])[1], listeners)
        """
    )
    assert printed == f"{b'HTTP/1.1'}\n"


def test_connection_beyond_the_last_is_told_so_and_the_others_go_on():
    """It waited for a place without a word, for as long as the others stayed."""
    printed = on_a_loop(
        """
        import http.client
        import web.loop.server

        web.loop.server.MAX_CONNECTIONS = 2

        def visit(port):
            visitors = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(3)]
            for visitor in visitors:
                visitor.connect()
            for visitor in visitors:
                visitor.request("GET", "/")
                answer = visitor.getresponse()
                print(answer.status, answer.headers["Retry-After"])
                answer.read()
            visitors[1].close()
            bridge.call(server.stop)

        def hello(environ, start_response):
            start_response("200 OK", [])
            return [b"hello"]

        listeners = listen("127.0.0.1", 0)
        Thread(target=visit, args=[listeners[0].getsockname()[1]]).start()
        server.serve(hello, listeners)
        raise SystemExit
        """
    )
    assert printed.splitlines() == ["200 None", "200 None", "503 5"]
