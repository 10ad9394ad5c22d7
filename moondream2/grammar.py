"""JSON by construction: which tokens keep an answer within a JSON schema.

Masks are computed on threads of their own, beside the network's steps: the next token's as soon as
the one before it is chosen.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from math import prod

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from moondream2.tokenizer import Tokenizer

log = logging.getLogger(__name__)

# One bit for each token, whether it may come next; the lowest bit of the first byte is token 0's.
Mask = bytes

# How many schemas are kept compiled: loops and programs repeat theirs.
N_KEPT = 16
N_MASK_THREADS = 2
MAX_REASON_CHARS = 200

MAX_REMAINDERS = 10_000
# What one schema may cost at most: half a second to compile, 15 ms for one mask, 40 MB.
LIMITS = LLParserLimits(
    max_items_in_row=2000,
    initial_lexer_fuel=1_000_000,
    step_lexer_fuel=200_000,
    step_max_items=50_000,
    max_lexer_states=20_000,
    max_grammar_size=50_000,
    verbose_errors=False,
)
# JSON as models write it: with spaces at will, one could write them without end. And what is kept
# only in part is not kept. A schema can name a form of its own under this key, and must not.
FORM = {
    "x-guidance": {
        "whitespace_flexible": False,
        "item_separator": ", ",
        "key_separator": ": ",
        "lenient": False,
        "coerce_one_of": False,
    }
}


class SchemaRejected(ValueError):
    """Nothing fits the schema, or nobody can keep to it; the message says why in part of a
    sentence.
    """


class Guide:
    """A grammar at work on one answer.

    mask: of the next token, while it is computed. Its result raises SchemaRejected where what fits
    grew too complex to follow.
    """

    def __init__(self, grammar: "Grammar", threads: ThreadPoolExecutor) -> None:
        self._grammar, self._threads = grammar, threads
        self._matcher, self._tokens = grammar.matcher.deep_copy(), list[int]()
        self.mask: Future[Mask] = Future()
        self.mask.set_result(grammar.first_mask)

    def push(self, token: int) -> None:
        """Take the token that was chosen, of those that the mask allows; begin with the next mask.

        The end of the answer needs no push.
        """
        self._tokens.append(token)
        self.mask = self._threads.submit(self._next_mask)

    def _next_mask(self) -> Mask:
        self._matcher.consume_token(self._tokens[-1])
        try:
            return _mask_of(self._matcher)
        except SchemaRejected:
            self._matcher = self._grammar.renewed()
            self._matcher.consume_tokens(self._tokens)
            return _mask_of(self._matcher)


class Grammar:
    """A schema compiled for the tokens of one checkpoint, for any number of answers.

    first_mask: of an answer's first token. Raises SchemaRejected. Any thread.
    """

    def __init__(self, compile: Callable[[], LLMatcher], threads: ThreadPoolExecutor) -> None:
        self._compile, self._threads = compile, threads
        self.matcher = compile()
        self.first_mask = _mask_of(self.matcher)

    def begin(self) -> Guide:
        """Guide one more answer."""
        return Guide(self, self._threads)

    def renewed(self) -> LLMatcher:
        """Compile once more and go on from that.

        All copies of a matcher share what they learned of the schema's texts. That is bounded, and
        may have been used up by other answers.
        """
        self.matcher = self._compile()
        return self.matcher.deep_copy()


class Grammars:
    """Compiles schemas in the tokens of one checkpoint and keeps the last ones. One thread.

    eos_id: ends an answer, allowed where the JSON may end. n_tokens: how many the network knows;
    one without a text is never allowed.
    """

    def __init__(self, tokenizer: Tokenizer, *, eos_id: int, n_tokens: int) -> None:
        self._tokens = _tokens_of(tokenizer, eos_id, n_tokens)
        self._kept: OrderedDict[str, Future[Grammar]] = OrderedDict()
        # Apart: a schema that takes long to compile must hold up nobody's next token.
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="schema")
        self._maskers = ThreadPoolExecutor(N_MASK_THREADS, thread_name_prefix="mask")

    def compile(self, schema: str) -> Future[Grammar]:
        """Begin to compile a JSON schema, an object as JSON, unless that was done before.

        Returns at once; the result raises SchemaRejected. Nothing that a schema names is fetched.
        """
        if schema not in self._kept:
            self._kept[schema] = self._compiler.submit(self._compiled, schema)
        self._kept.move_to_end(schema)
        if len(self._kept) > N_KEPT:
            self._kept.popitem(last=False)
        return self._kept[schema]

    def _compiled(self, schema: str) -> Grammar:
        if (tokens := self._tokens) is None:
            raise SchemaRejected("this model's tokens cannot be held to one")
        try:
            values = json.loads(schema)
            _refuse(values)
            grammar = LLMatcher.grammar_from_json_schema(values | FORM)
        # llguidance raises nothing narrower.
        except ValueError as error:
            raise SchemaRejected(_shortened(str(error))) from error
        return Grammar(
            lambda: LLMatcher(tokens, grammar, log_level=0, limits=LIMITS), self._maskers
        )


def _tokens_of(tokenizer: Tokenizer, eos_id: int, n_tokens: int) -> LLTokenizer | None:
    """The tokens as llguidance reads them, which stops all threads for a third of a second; None
    where it cannot.
    """
    slices = LLTokenizer.json_slices()
    try:
        return LLTokenizer(tokenizer.to_json(), n_vocab=n_tokens, eos_token=eos_id, slices=slices)
    except ValueError as error:
        log.warning("No answer can be held to a JSON schema, because %s", error)
        return None


def _mask_of(matcher: LLMatcher) -> Mask:
    mask = matcher.compute_bitmask()
    if matcher.is_error():
        raise SchemaRejected(_shortened(matcher.get_error()))
    return mask


def _refuse(schema: object) -> None:
    """Refuse what llguidance takes and would not keep, or not within bounds."""
    multiples: set[float] = set()
    for each in _objects_in(schema):
        least, required = each.get("minProperties"), each.get("required")
        listed = required if isinstance(required, list) else []
        names = {name for name in listed if isinstance(name, str)}
        if isinstance(least, int) and least > len(names):
            # A property that is written twice would count for two.
            raise SchemaRejected("minProperties needs as many names in required")
        multiple = each.get("multipleOf")
        # True is an int to Python.
        if isinstance(multiple, int | float) and not isinstance(multiple, bool):
            multiples.add(multiple)
    # It takes a state for each remainder, and of several that hold at once for each combination.
    if prod(map(_digits_of, multiples)) > MAX_REMAINDERS:
        raise SchemaRejected("multipleOf has too many digits")


def _digits_of(number: float) -> int:
    """The digits of a number without its point and the zeros at its end."""
    return int("".join(map(str, Decimal(str(number)).normalize().as_tuple().digits)))


def _objects_in(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _objects_in(each)


def _shortened(reason: str) -> str:
    """What llguidance says, in one line; it is shown to whoever sent the schema."""
    words = " ".join(reason.replace("<non-verbose/>", "").split()).rstrip(".")
    # Its word for a place from which no token leads on.
    words = "nothing fits it" if words == "NoExtensionBias" else words
    return words if len(words) <= MAX_REASON_CHARS else f"{words[: MAX_REASON_CHARS - 1]}…"
