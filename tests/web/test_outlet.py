"""Words leave as fast as the loop can take them, in order, and none is lost."""

from collections import deque
from threading import Thread

from protocol.answer import AnswerEvent, Started
from protocol.pieces import Found, TextDelta
from protocol.places import Point
from web.outlet import Outlet


class Loop:
    """Runs calls when the test says so; `sent` is what left."""

    def __init__(self) -> None:
        self._calls: deque = deque()
        self.sent: list[AnswerEvent] = []
        self.outlet = Outlet(lambda *call: self._calls.append(call), self.sent.append)

    def run(self) -> None:
        while self._calls:
            function, *args = self._calls.popleft()
            function(*args)


def words(*texts: str) -> list[TextDelta]:
    return [TextDelta("1", text) for text in texts]


def test_each_word_leaves_alone_while_the_loop_keeps_up():
    loop = Loop()
    for event in words("a ", "red ", "cup"):
        loop.outlet(event)
        loop.run()
    assert loop.sent == words("a ", "red ", "cup")


def test_words_leave_together_once_the_loop_is_behind():
    loop = Loop()
    for event in words("a ", "red ", "cup"):
        loop.outlet(event)
    loop.run()
    assert loop.sent == words("a red cup")


def test_words_stay_on_their_side_of_other_events():
    loop = Loop()
    started, found = Started("1", None, 0.0), Found("1", Point(0.5, 0.5))
    for event in [started, *words("a", "b"), found, *words("c", "d"), found]:
        loop.outlet(event)
    loop.run()
    assert loop.sent == [started, *words("ab"), found, *words("cd"), found]


def test_no_word_is_lost_while_one_thread_writes_and_another_sends():
    loop, n_words = Loop(), 20_000
    writer = Thread(target=lambda: [loop.outlet(each) for each in words(*map(chr, range(n_words)))])
    writer.start()
    while writer.is_alive():
        loop.run()
    loop.run()
    assert "".join(each.text for each in loop.sent) == "".join(map(chr, range(n_words)))
