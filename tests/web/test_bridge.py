"""Calls of native threads arrive on the hub; the hub is a process of its own in these tests."""

import socket
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from tests.server import ROOT
from web.bridge import listen

STORY_TIMEOUT_S = 20


def on_a_hub(story: str) -> str:
    """Run `story` with a serving bridge in a process of its own; returns what it printed."""
    script = textwrap.dedent(
        """
        from threading import Thread, current_thread, main_thread
        from web.bridge import Bridge, Wire, listen

        bridge, heard = Bridge(), []
        {story}
        bridge.serve(lambda environ, start_response: [], listen("127.0.0.1", 0))
        """
    ).format(story=textwrap.dedent(story))
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=STORY_TIMEOUT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_bridge_keeps_the_order_of_each_thread():
    printed = on_a_hub(
        """
        N_THREADS, N_CALLS = 4, 5000

        def count(name):
            for i in range(N_CALLS):
                bridge.call(heard.append, (name, i))
            bridge.call(end_when_all_came)

        def end_when_all_came():
            if len(heard) < N_THREADS * N_CALLS:
                return
            by_name = [[i for each, i in heard if each == name] for name in range(N_THREADS)]
            print(by_name == [list(range(N_CALLS))] * N_THREADS)
            bridge.stop()

        for name in range(N_THREADS):
            Thread(target=count, args=(name,)).start()
        """
    )
    assert printed == "True\n"


def test_bridge_runs_calls_on_the_hub_and_not_on_the_thread_that_made_them():
    printed = on_a_hub(
        """
        def tell():
            print(current_thread() is main_thread())
            bridge.stop()

        Thread(target=bridge.call, args=(tell,)).start()
        """
    )
    assert printed == "True\n"


def test_bridge_carries_on_after_a_call_that_fails():
    printed = on_a_hub(
        """
        bridge.call(lambda: 1 / 0)
        bridge.call(print, "carried on")
        bridge.call(bridge.stop)
        """
    )
    assert printed == "carried on\n"


def test_bridge_can_be_stopped_twice():
    printed = on_a_hub(
        """
        bridge.call(bridge.stop)
        bridge.call(bridge.stop)
        bridge.call(print, "stopped")
        """
    )
    assert printed == "stopped\n"


def test_bridge_stops_on_a_signal():
    printed = on_a_hub(
        """
        import os, signal
        bridge.call(os.kill, os.getpid(), signal.SIGTERM)
        print("to be ended")
        """
    )
    assert printed == "to be ended\n"


def test_wire_carries_messages_of_any_size_in_order_each_way():
    printed = on_a_hub(
        """
        import pickle, socket

        N_MESSAGES, LARGE = 500, bytes(8_000_000)
        here, there = socket.socketpair()

        def echo():
            inlet = there.makefile("rb")
            while message := pickle.load(inlet):
                there.sendall(pickle.dumps(message))
            there.shutdown(socket.SHUT_RDWR)

        def tell():
            print(heard == [*range(1, N_MESSAGES), LARGE])
            bridge.stop()

        Thread(target=echo).start()
        wire = Wire(here, heard.append, tell)
        for message in [*range(1, N_MESSAGES), LARGE, None]:
            wire.send(message)
        """
    )
    assert printed == "True\n"


def test_wire_carries_on_after_a_message_that_could_not_be_taken():
    printed = on_a_hub(
        """
        import pickle, socket

        here, there = socket.socketpair()
        Wire(here, lambda message: print(1 / message), bridge.stop)
        for message in (0, 1):
            there.sendall(pickle.dumps(message))
        there.close()
        """
    )
    assert printed == "1.0\n"


def test_wire_ends_when_the_other_side_breaks_off_within_a_message():
    printed = on_a_hub(
        """
        import pickle, socket

        here, there = socket.socketpair()
        wire = Wire(here, heard.append, lambda: bridge.call(end))

        def end():
            print(heard, wire.wait_for_end(0.0))
            bridge.stop()

        there.sendall(pickle.dumps("whole") + pickle.dumps("half of a longer one")[:12])
        there.close()
        """
    )
    assert printed == "['whole'] True\n"


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
