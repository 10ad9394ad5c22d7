"""Text to token ids and back, and ids that arrive one by one to text that reads well."""

import re
from pathlib import Path

from tokenizers import Tokenizer as Encoding

_CJK = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\U0002f800-\U0002fa1f]")


class TokenizerRejected(ValueError):
    """The tokenizer file is missing, damaged, or belongs to other weights."""


class Tokenizer:
    """Byte-level BPE of one checkpoint; may be used from any thread."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """Read a tokenizer.json.

        Raises TokenizerRejected for a file that cannot be read, and for the old GPT-2 tokenizer that
        lies beside the published weights and does not fit them.
        """
        try:
            encoding = Encoding.from_file(str(path))
        except Exception as error:  # noqa: BLE001 - tokenizers raises nothing narrower
            raise TokenizerRejected(f"{path} cannot be read as a tokenizer: {error}") from error
        fits = encoding.token_to_id("<|endoftext|>") == 0
        if not fits or encoding.token_to_id("<|md_reserved_0|>") is None:
            raise TokenizerRejected(
                f"{path} does not fit these weights: it lacks moondream2's control tokens."
            )
        return cls(encoding)

    @property
    def vocab_size(self) -> int:
        return self._encoding.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Turn text into ids; nothing is stripped or added, and control tokens are plain text.

        A visitor who types `<|endoftext|>` must not end the prompt.
        """
        pieces = self._split_control_tokens(text)
        return [i for piece in pieces for i in self._encoding.encode(piece).ids]

    def decode(self, ids: list[int]) -> str:
        """Turn ids into text without control tokens; half a character shows as U+FFFD."""
        return self._encoding.decode(ids, skip_special_tokens=True)

    def _split_control_tokens(self, text: str) -> list[str]:
        # Cutting each typed control token in two keeps the encoder from recognising it.
        pieces, rest = [], text
        while found := re.search(r"<\|(?=[a-z0-9_]+\|>)", rest):
            pieces.append(rest[: found.end()])
            rest = rest[found.end() :]
        return [*pieces, rest]


class TextStream:
    """Releases the text of one answer word by word: `push` each id, `finish` once.

    Half a word and half a character are held back; a finished line and a CJK character are not.

    Follows the streaming of `_generate_answer`, vikhyat/moondream@44146f1 moondream/torch/moondream.py.
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
