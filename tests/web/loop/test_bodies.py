"""Bodies are read in bounded time and bounded lines, and it is seen when nobody listens."""

import socket
from io import BytesIO
from types import SimpleNamespace

import pytest

from tests.web.loop.story import on_a_loop
from web.loop import bodies
from web.loop.bodies import (
    DISCARD_BYTES,
    BodyBroken,
    BoundedLines,
    discard_rest,
    has_left,
    is_read,
    read_body,
    wsgi,
)

pytestmark = pytest.mark.apart


def environ_of(data: bytes, length: int | None = None) -> dict:
    """An HTTP request whose body is this; in chunks unless its length is told."""
    is_chunked = length is None
    inlet = wsgi.Input(BoundedLines(BytesIO(data)), length or 0, None, chunked_input=is_chunked)
    return {"wsgi.input": inlet} | ({} if is_chunked else {"CONTENT_LENGTH": str(length)})


def test_body_of_known_length_is_read_and_not_what_follows_it():
    assert b"".join(read_body(environ_of(b"body, and the next request", 4))) == b"body"


def test_body_in_chunks_is_read_to_its_last():
    assert b"".join(read_body(environ_of(b"4\r\nbody\r\n0\r\n\r\nmore"))) == b"body"


def test_request_without_a_body_has_none():
    assert list(read_body(environ_of(b"", 0))) == []


@pytest.mark.parametrize(
    ("data", "length"),
    [(b"bo", 4), (b"", 4), (b"4\r\nbo", None), (b"nothing\r\n", None), (b"a" * 9000, None)],
)
def test_body_that_breaks_off_is_broken(data, length):
    with pytest.raises(BodyBroken):
        list(read_body(environ_of(data, length)))


def test_body_that_does_not_come_in_time_is_given_up():
    told = on_a_loop(
        """
        import eventlet
        from web.loop import bodies

        class Silent:
            def read(self, size):
                eventlet.sleep(60)

        def read():
            bodies.PATIENCE_S = 0.02
            try:
                list(bodies.read_body({"wsgi.input": Silent()}))
            except bodies.BodyTooSlow:
                print("too slow")
            server.stop()

        eventlet.spawn(read)
        """
    )
    assert told == "too slow\n"


def test_what_nobody_read_is_taken_in_up_to_a_limit(monkeypatch):
    environ = environ_of(b"x" * 100, 100)
    inlet = environ["wsgi.input"]
    assert not is_read(inlet)
    discard_rest(inlet)
    assert is_read(inlet)
    monkeypatch.setattr(bodies, "DISCARD_BYTES", 10)
    with pytest.raises(OSError, match="too long"):
        discard_rest(environ_of(b"x" * 100, 100)["wsgi.input"])
    assert DISCARD_BYTES > 10


def test_chunks_are_read_once_their_end_was_seen():
    environ = environ_of(b"4\r\nbody\r\n0\r\n\r\n")
    assert not is_read(environ["wsgi.input"])
    list(read_body(environ))
    assert is_read(environ["wsgi.input"])


def test_sender_that_hung_up_has_left_and_one_that_waits_has_not():
    here, there = socket.socketpair()
    here.setblocking(False)
    inlet = SimpleNamespace(get_socket=lambda: SimpleNamespace(fd=here))
    assert not has_left({"eventlet.input": inlet})
    there.send(b"the next request")
    assert not has_left({"eventlet.input": inlet})
    assert here.recv(99) == b"the next request"
    there.close()
    assert has_left({"eventlet.input": inlet})
    here.close()
    assert has_left({"eventlet.input": inlet})


def test_request_that_came_by_no_connection_has_nobody_who_could_leave():
    assert not has_left({})
