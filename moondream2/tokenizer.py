"""Text to token ids and back, and ids that arrive one by one to text that reads well."""

import re
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from moondream2.config import Config, TokenizerConfig

# What the published config's ids stand for, in the tokenizer that the weights were trained with.
PUBLISHED_BOS, PUBLISHED_CONTROL = "<|endoftext|>", "<|md_reserved_0|>"

_CJK = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\U0002f800-\U0002fa1f]")


class TokenizerRejected(ValueError):
    """The tokenizer file is missing, damaged, or belongs to other weights."""


class Tokenizer:
    """Byte-level BPE of one checkpoint; one thread at a time."""

    def __init__(self, encoding: PreTrainedTokenizerFast) -> None:
        self._encoding = encoding

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """Read a tokenizer.json. Raises TokenizerRejected for a file that cannot be read."""
        try:
            encoding = PreTrainedTokenizerFast(tokenizer_file=str(path))
        # The tokenizers library raises nothing narrower.
        except Exception as error:
            raise TokenizerRejected(f"{path} cannot be read as a tokenizer: {error}") from error
        return cls(encoding)

    def check(self, config: Config, path: Path) -> None:
        """Raise TokenizerRejected when this tokenizer, read from `path`, is one of other weights.

        The config says which ids steer the model. Where it names the published ones, the tokenizer
        must be of their kind: the one that lies beside the published weights is an older one.
        """
        vocab, n_known = self._encoding.get_vocab(), config.text.vocab_size
        largest = max(vocab.values(), default=-1)
        if largest >= n_known:
            raise TokenizerRejected(
                f"{path} has a token of id {largest}, but the model knows only {n_known} tokens."
            )
        control = config.tokenizer
        if control == TokenizerConfig():
            lacks = f"moondream2's control tokens, {PUBLISHED_BOS} as id 0 and {PUBLISHED_CONTROL}"
            fits = vocab.get(PUBLISHED_BOS) == control.bos_id and PUBLISHED_CONTROL in vocab
        else:
            lacks = "the control tokens that config.json begins and ends texts with, ids"
            lacks += f" {control.bos_id} and {control.eos_id}"
            steering = self._encoding.added_tokens_decoder.keys()
            fits = bool(steering & {control.bos_id, control.eos_id})
        if not fits:
            raise TokenizerRejected(f"{path} belongs to other weights: it lacks {lacks}.")

    def to_json(self) -> str:
        """The tokenizer as a tokenizer.json holds it, for other libraries."""
        return self._encoding.backend_tokenizer.to_str()

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
