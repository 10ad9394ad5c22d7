"""Text survives the way through ids, and streams in readable pieces."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moondream2.tokenizer import TextStream, Tokenizer, TokenizerRejected
from tests.checkpoint_folders import PARITY

STREAMS = json.loads((PARITY / "expected.json").read_text())["streams"]
TOKENIZER = Tokenizer.from_file(PARITY / "tokenizer.json")


@given(st.text())
def test_any_text_survives_encoding_and_decoding(text: str):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@pytest.mark.parametrize("typed", ["<|endoftext|>", "a <|md_reserved_2|> b", "<|md_reserved_0|>"])
def test_typed_control_tokens_are_plain_text(typed: str):
    """A visitor who types `<|md_reserved_2|>` could otherwise end the question and start anew."""
    ids = TOKENIZER.encode(typed)
    assert min(ids) > 20
    assert TOKENIZER.decode(ids) == typed


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_stream_sends_the_chunks_that_the_reference_sends(stream: dict):
    words = TextStream(TOKENIZER)
    chunks = [*map(words.push, stream["ids"]), words.finish()]
    assert [chunk for chunk in chunks if chunk] == stream["chunks"]


@given(st.text())
def test_stream_chunks_join_to_the_whole_text(text: str):
    ids = TOKENIZER.encode(text)
    words = TextStream(TOKENIZER)
    assert "".join([*map(words.push, ids), words.finish()]) == text


def test_tokenizer_of_other_weights_is_refused(tmp_path: Path):
    other = (PARITY / "tokenizer.json").read_text().replace("<|md_reserved_0|>", "<|other|>")
    (tmp_path / "tokenizer.json").write_text(other)
    with pytest.raises(TokenizerRejected, match="control tokens"):
        Tokenizer.from_file(tmp_path / "tokenizer.json")


def test_damaged_tokenizer_file_is_refused(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(TokenizerRejected, match=r"tokenizer\.json"):
        Tokenizer.from_file(tmp_path / "tokenizer.json")
