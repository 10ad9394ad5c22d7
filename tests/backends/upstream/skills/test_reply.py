"""Chunks become words, and an end says why."""

import pytest

from backends.upstream.skills.reply import MAX_TOKEN_CHARS, Reply
from protocol.answer import FinishReason, Usage
from protocol.errors import UpstreamUnreadable
from protocol.request import SamplingParams
from tests.backends.upstream.chat_server import says
from tests.fakes import make_request


def reply(**sampling: object) -> Reply:
    return Reply(make_request(sampling=SamplingParams(**sampling)))


def test_words_are_those_of_the_chunks_and_the_end_tells_what_was_used():
    heard = reply()
    assert [heard.push(each) for each in says("A ", "mug.")] == ["A ", "mug.", "", ""]
    assert (heard.reason(), heard.usage) == (FinishReason.STOP, Usage(9, 2))


def test_words_that_were_held_back_come_at_the_end():
    heard = reply(stop=("END",))
    words = "".join(heard.push(each) for each in says("A mug <", "EN"))
    assert words + heard.finish() == "A mug <EN"


def test_stop_text_ends_it():
    heard = reply(stop=("END",))
    assert heard.push(says("A mugEND more")[0]) == "A mug"
    assert heard.is_over
    assert heard.reason() is FinishReason.STOP


def test_stop_text_at_the_very_beginning_is_no_silence():
    heard = reply(stop=("END",))
    heard.push(says("END")[0])
    assert heard.reason() is FinishReason.STOP


def test_more_characters_than_its_tokens_can_have_end_it():
    heard = reply(max_tokens=2)
    assert heard.push(says("a" * (2 * MAX_TOKEN_CHARS))[0])
    assert heard.is_over
    assert heard.reason() is FinishReason.LENGTH


@pytest.mark.parametrize("words", [(), (" ",)])
def test_no_words_are_an_error(words: tuple[str, ...]):
    heard = reply()
    for each in says(*words):
        heard.push(each)
    with pytest.raises(UpstreamUnreadable, match="without a word"):
        heard.reason()
