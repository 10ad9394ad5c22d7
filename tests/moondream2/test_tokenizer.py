"""Text survives the way through ids, and streams in readable pieces."""

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, models
from tokenizers import Tokenizer as Encoding

from moondream2.config import Config
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


TINY = Config.from_file(PARITY / "config.json")
# The published ids and templates, in a vocabulary that holds no more.
PUBLISHED = Config()


def tokenizer_of(tokens: Mapping[str, int], words: Mapping[str, int], file: Path) -> Tokenizer:
    """A tokenizer with these control tokens and words, read from a file."""
    encoding = Encoding(models.BPE(vocab={**tokens, **words}, merges=[]))
    encoding.add_special_tokens([AddedToken(token, special=True) for token in tokens])
    encoding.save(str(file))
    return Tokenizer.from_file(file)


def numbered(words: Iterable[str], first: int = 0) -> dict[str, int]:
    return {word: first + index for index, word in enumerate(words)}


STARMIE_LIKE = numbered(["<|endoftext|>", *(f"<|md_reserved_{i}|>" for i in range(20))])


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ({"<|endoftext|>": 50_256}, numbered("!$%")),
        (numbered(["<unk>", "<s>", "</s>"]), numbered("abc", 3)),
        (numbered(["<|endoftext|>", "<|im_start|>"]), numbered("abc", 2)),
        ({"<|md_reserved_0|>": 1, "<|endoftext|>": 2}, {"!": 0}),
    ],
    ids=["GPT-2", "Llama", "Qwen", "moved"],
)
def test_published_ids_want_the_published_control_tokens(
    tokens: dict[str, int], words: dict[str, int], tmp_path: Path
):
    """The older tokenizer beside the published weights loaded, and the answers were garbage."""
    file = tmp_path / "tokenizer.json"
    with pytest.raises(TokenizerRejected, match=r"tokenizer\.json belongs to other weights"):
        tokenizer_of(tokens, words, file).check(PUBLISHED, file)
    tokenizer_of(STARMIE_LIKE, numbered("abc", 21), file).check(PUBLISHED, file)


@pytest.mark.parametrize(
    ("ids", "fits"),
    [
        ({"bos_id": 10, "eos_id": 18}, True),
        ({"bos_id": 40, "eos_id": 18}, True),
        ({"answer_id": 100, "thinking_id": 101, "coord_id": 102, "size_id": 103}, True),
        ({"start_ground_points_id": 104, "end_ground_id": 105}, True),
        ({"bos_id": 40, "eos_id": 41}, False),
    ],
    ids=str,
)
def test_control_ids_are_what_the_config_says(ids: dict[str, int], fits: bool, tmp_path: Path):
    """Only texts that begin and end with words tell of a tokenizer of other weights."""
    config = replace(TINY, tokenizer=replace(TINY.tokenizer, **ids))
    with nullcontext() if fits else pytest.raises(TokenizerRejected, match="ids 40 and 41"):
        TOKENIZER.check(config, PARITY / "tokenizer.json")


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ({"a": 339}, True),
        ({"a": 340}, False),
        ({"a": 21, "b": 10**6}, False),
        # More tokens than ids: two of one id do no harm.
        ({f"a{i}": 339 for i in range(400)}, True),
    ],
    ids=["last", "first beyond", "far beyond", "many of one id"],
)
def test_tokenizer_is_refused_for_an_id_beyond_the_vocabulary_not_for_its_size(
    words: dict[str, int], fits: bool, tmp_path: Path
):
    file = tmp_path / "tokenizer.json"
    with nullcontext() if fits else pytest.raises(TokenizerRejected, match="only 340 tokens"):
        tokenizer_of(STARMIE_LIKE, words, file).check(TINY, file)


def test_damaged_tokenizer_file_is_refused(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(TokenizerRejected, match=r"tokenizer\.json"):
        Tokenizer.from_file(tmp_path / "tokenizer.json")
