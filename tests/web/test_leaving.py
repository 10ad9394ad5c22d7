"""What a server that leaves still does, and what it refuses."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Response
from werkzeug.test import Client, create_environ

from protocol.answer import Finished, FinishReason
from protocol.errors import Closing, RequestError
from tests.fakes import Inbox, make_request
from web.leaving import Leaving

pytestmark = pytest.mark.apart


def answering(environ: dict, start_response: Callable) -> object:
    return Response("well")(environ, start_response)


class Pages:
    """As many looks at the pages as are told; the last thing that is done at one can be, too."""

    def __init__(self, *n_open: int, then: Callable[[], object] = lambda: None) -> None:
        self._n_open, self._then = list(n_open), then
        self.busy: list[bool] = []

    def knows(self, sid: str) -> bool:
        return sid == "here"

    def end_idle(self, is_busy: Callable[[str], bool]) -> int:
        self.busy.append(is_busy("ann"))
        self._then()
        return self._n_open.pop(0) if self._n_open else 0


def leave(leaving: Leaving, pages: Pages | None = None) -> Pages:
    pages = pages or Pages()
    leaving.pages = pages
    leaving.wait()
    return pages


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/query", "/healthz", "/socket.io/?EIO=4&transport=polling", "/socket.io/?sid=there"],
)
def test_nothing_new_comes_in(path: str):
    leaving = Leaving()
    visitor = Client(leaving.guard(answering))
    with visitor.get(path) as answer:
        assert answer.status_code == 200
    leave(leaving)
    refused = visitor.get(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "about to end" in refused.get_json()["error"]["message"]


@pytest.mark.parametrize("path", ["/health", "/metrics", "/socket.io/?EIO=4&sid=here"])
def test_who_is_here_already_and_who_asks_after_the_server_is_heard(path: str):
    leaving = Leaving()
    visitor = Client(leaving.guard(answering))
    leave(leaving)
    assert visitor.get(path).status_code == 200


def test_pages_are_waited_for():
    assert len(leave(Leaving(), Pages(2, 1)).busy) == 3


def test_answer_of_a_program_is_waited_for_to_its_last_byte():
    leaving = Leaving()
    begun = leaving.guard(answering)(create_environ("/v1/query"), lambda *_: None)
    seen: list[str] = []

    def end_at_the_second_look() -> None:
        seen.append("look")
        if len(seen) == 2:
            begun.close()

    leave(leaving, Pages(then=end_at_the_second_look))
    assert len(seen) == 2


def test_connection_of_a_page_is_no_answer_that_is_waited_for():
    leaving = Leaving()
    leaving.guard(answering)(create_environ("/socket.io/?EIO=4"), lambda *_: None)
    assert len(leave(leaving).busy) == 1


def test_page_is_busy_until_its_last_answer_has_ended():
    leaving, asked, told = Leaving(), [], Inbox()
    submit = leaving.through(lambda door, request, sink: asked.append(sink))
    for id in "12":
        submit("page", make_request(id), told.put)
    end = Finished("1", FinishReason.STOP, "", SimpleNamespace(), SimpleNamespace())

    def end_one() -> None:
        asked.pop()(end)

    assert leave(leaving, Pages(1, 1, then=lambda: asked and end_one())).busy == [True, True, False]
    assert told.next() is end


def test_request_that_was_refused_does_not_keep_a_page_busy():
    def refuse(*_: object) -> None:
        raise RequestError

    leaving = Leaving()
    with pytest.raises(RequestError):
        leaving.through(refuse)("page", make_request(), print)
    assert leave(leaving).busy == [False]


def test_question_that_comes_while_it_leaves_is_refused():
    leaving = Leaving()
    leave(leaving)
    with pytest.raises(Closing, match="Ask once more"):
        leaving.through(lambda *_: None)("page", make_request(), print)


def test_what_does_not_end_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Leaving, "LIMIT_S", 0.2)
    assert leave(Leaving(), Pages(*[1] * 1000)).busy
