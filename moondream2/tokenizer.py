"""Text to token ids and back, and ids that arrive one by one to text that reads well."""

import re
from pathlib import Path

from transformers import PreTrainedTokenizerFast

# Both the beginning and the end of every text.
END_ID = 0

_CJK = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\U0002f800-\U0002fa1f]")


class TokenizerRejected(ValueError):
    """The tokenizer file is missing, damaged, or belongs to other weights."""


class Tokenizer:
    """Byte-level BPE of one checkpoint; one thread at a time."""

    def __init__(self, encoding: PreTrainedTokenizerFast) -> None:
        self._encoding = encoding

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """Read a tokenizer.json.

        Raises TokenizerRejected for a file that cannot be read, and for the old GPT-2 tokenizer
        that lies beside the published weights and does not fit them.
        """
        try:
            encoding = PreTrainedTokenizerFast(tokenizer_file=str(path))
        # The tokenizers library raises nothing narrower.
        except Exception as error:
            raise TokenizerRejected(f"{path} cannot be read as a tokenizer: {error}") from error
        vocab = encoding.get_vocab()
        if vocab.get("<|endoftext|>") != END_ID or "<|md_reserved_0|>" not in vocab:
            raise TokenizerRejected(
                f"{path} does not fit these weights: it lacks moondream2's control tokens."
            )
        return cls(encoding)

    @property
    def vocab_size(self) -> int:
        return len(self._encoding)

    @property
    def control_ids(self) -> frozenset[int]:
        """Ids of the tokens that steer the model and stand for no text."""
        return frozenset(self._encoding.added_tokens_decoder)

    def encode(self, text: str) -> list[int]:
        """Turn text into ids; nothing is stripped or added.

        Control tokens are plain text here: a visitor who types `<|endoftext|>` must not end the
        prompt.
        """
        return self._encoding.encode(text, add_special_tokens=False, split_special_tokens=True)

    def decode(self, ids: list[int]) -> str:
        """Turn ids into text without control tokens; half a character shows as U+FFFD."""
        text = self._encoding.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        assert isinstance(text, str), "one list of ids is one text"
        return text


class TextStream:
    """Releases the text of one answer word by word: `push` each id, `finish` once.

    Half a word and half a character are held back; a finished line and a CJK character are not.

    Follows `_generate_answer`, vikhyat/moondream@44146f1 moondream/torch/moondream.py.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._n_sent = 0

    def push(self, token: int) -> str:
        """Take one id; returns the text that is complete now, often ""."""
        self._ids.append(token)
        text = self._tokenizer.decode(self._ids)
        if text.endswith("\n"):
            chunk, self._ids, self._n_sent = text[self._n_sent :], [], 0
            return chunk
        end = len(text) if _CJK.match(text[-1:]) else text.rfind(" ", self._n_sent) + 1
        chunk = text[self._n_sent : end]
        self._n_sent = max(self._n_sent, end)
        return chunk

    def finish(self) -> str:
        """Return what was held back."""
        return self._tokenizer.decode(self._ids)[self._n_sent :]
