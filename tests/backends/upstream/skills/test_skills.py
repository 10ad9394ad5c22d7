"""Every skill is asked of whoever answers: a Moonsight in its API, all others over a chat."""

from contextlib import closing

import pytest

from backends.upstream.model import UpstreamModel
from protocol.answer import FinishReason
from protocol.frame import Frame
from protocol.request import Skill
from settings import Settings
from tests.backends.upstream.chat_server import ChatServer, answers, hear, says
from tests.protocol.pictures import encoded
from tests.server import Server

FRAME = Frame(encoded(), 64, 48)


@pytest.mark.parametrize(
    ("skill", "text"),
    [
        (Skill.QUERY, "A mug."),
        (Skill.CAPTION, "A mug."),
        (Skill.DETECT, '{"objects": []}'),
        (Skill.POINT, '{"points": []}'),
    ],
)
def test_any_server_is_talked_to(backend: UpstreamModel, chat: ChatServer, skill: Skill, text: str):
    chat.replies(says(text))
    end = hear(backend, skill, frame=FRAME)[-1]
    assert (end.reason, end.error, end.skill) == (FinishReason.STOP, None, skill)
    assert len(chat.bodies) == 1


@pytest.mark.parametrize("skill", [Skill.QUERY, Skill.CAPTION, Skill.DETECT, Skill.POINT])
def test_moonsight_is_asked_in_its_own_api(demo_server: Server, skill: Skill):
    with closing(UpstreamModel(Settings(upstream=(demo_server.url,)))) as backend:
        end = hear(backend, skill, frame=FRAME)[-1]
    assert (end.reason, end.error, end.skill) == (FinishReason.STOP, None, skill)
    # Only a Moonsight tells how long the prompt took.
    assert end.timings.prefill_ms > 0


def test_first_request_waits_until_it_is_known_who_answers(demo_server: Server):
    """One that came before the list of models was put to another Moonsight as to any server."""
    with closing(UpstreamModel(Settings(upstream=(demo_server.url,)))) as backend:
        assert backend.status.model == ""
        assert hear(backend, choices=("yes", "no"))[0].probabilities


def test_whole_answer_is_read_too(backend: UpstreamModel, chat: ChatServer):
    chat.replies(answers("A mug."))
    assert hear(backend)[-1].result.answer == "A mug."
