"""An answer to a schema is JSON that fits it: only what keeps it so can be chosen."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import current_thread

import jsonschema
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from moondream2.decoding import run, start
from moondream2.grammar import MAX_REASON_CHARS, N_KEPT, Grammar, Grammars, Guide, SchemaRejected
from moondream2.sampling import Sampling
from moondream2.skills import Text
from moondream2.tokenizer import Tokenizer
from tests.checkpoint_folders import PARITY, write_poor_tokenizer
from tests.moondream2.conftest import Loaded

WAIT_S = 30
# The network knows more tokens than the tokenizer: the last ones have no text.
N_TOKENS, N_WITH_TEXT = 512, 340
EOS = 0
TOKENIZER = Tokenizer.from_file(PARITY / "tokenizer.json")
MUG = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "blue"]},
        "cups": {"type": "integer", "minimum": 0, "maximum": 9},
        "full": {"type": "boolean"},
    },
    "required": ["colour", "cups", "full"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    return Grammars(TOKENIZER, eos_id=EOS, n_tokens=N_TOKENS)


def compiled(grammars: Grammars, schema: object) -> Grammar:
    return grammars.compile(json.dumps(schema)).result(WAIT_S)


def allowed(mask: Future[bytes]) -> set[int]:
    """The tokens that may come next."""
    bits = mask.result(WAIT_S)
    return {id for id in range(8 * len(bits)) if bits[id // 8] >> id % 8 & 1}


def allows(grammar: Grammar, text: str) -> bool:
    """Whether an answer may be this text and end there."""
    guide = grammar.begin()
    for token in TOKENIZER.encode(text):
        if token not in allowed(guide.mask):
            return False
        guide.push(token)
    return EOS in allowed(guide.mask)


def write_to_the_end(guide: Guide) -> None:
    while tokens := allowed(guide.mask) - {EOS}:
        guide.push(min(tokens))


@pytest.mark.parametrize(
    ("schema", "fitting", "others"),
    [
        (
            MUG,
            ['{"colour": "red", "cups": 3, "full": true}'],
            ["{}", '{"colour": "green"', '{"cups": 3, "colour": "red", "full": true}'],
        ),
        ({"type": "integer"}, ["0", "-12"], ["", "1.5", "01", '"1"', " 1", "1 "]),
        ({"type": "object"}, ["{}", '{"a": [1, {"é": null}]}'], ["", "[]", "{", '{"a": [1}']),
        ({}, ["1", '"a"', "[]", "null"], ["", "nothing"]),
        ({"enum": ["a", 1, None]}, ['"a"', "1", "null"], ["a", '"b"', "2"]),
        ({"type": "string", "maxLength": 2}, ['""', '"日本"', '"\\n"'], ['"abc"', '"\n"']),
        ({"type": "array", "items": {"$ref": "#"}}, ["[]", "[[], [[]]]"], ["[1]"]),
    ],
)
def test_answer_may_be_what_fits_the_schema_and_nothing_else(
    grammars: Grammars, schema: object, fitting: list[str], others: list[str]
):
    grammar = compiled(grammars, schema)
    assert [text for text in fitting if not allows(grammar, text)] == []
    assert [text for text in others if allows(grammar, text)] == []


@pytest.mark.parametrize("extra", [{}, {"x-guidance": {"whitespace_pattern": "[ ]+"}}])
def test_spaces_are_those_between_the_parts_whatever_the_schema_says(
    grammars: Grammars, extra: dict
):
    """With spaces at will, a model wrote nothing else until its budget ended."""
    grammar = compiled(grammars, {"type": "object", **extra})
    assert allows(grammar, '{"a": [1, 2]}')
    others = (
        '{"a":[1,2]}',
        '{"a":  [1, 2]}',
        '{ "a": [1, 2]}',
        '{"a": [1, 2]} ',
        '{"a": [1, 2]\n}',
    )
    assert [text for text in others if allows(grammar, text)] == []


def test_token_without_text_is_never_allowed(grammars: Grammars):
    guide = compiled(grammars, {}).begin()
    seen = set()
    for token in TOKENIZER.encode('{"a 日": ["b\\n", -1.5e3, true, null]}'):
        seen |= allowed(guide.mask)
        guide.push(token)
    assert len(seen) > 200
    assert not {id for id in seen if id >= N_WITH_TEXT or not TOKENIZER.decode([id])}


BROKEN = {
    "a type that there is not": ({"type": "objekt"}, "Invalid type: objekt"),
    "from elsewhere": ({"$ref": "http://127.0.0.1:1/schema.json"}, "does not fetch"),
    "of a file": ({"$ref": "file:///etc/hostname"}, "does not fetch"),
    "nothing fits": ({"enum": []}, "Unsatisfiable"),
    "refers to itself": ({"$ref": "#"}, "nothing fits it"),
    "cannot be kept to": ({"type": "array", "uniqueItems": True}, "uniqueItems"),
    "kept only in part": (
        {"type": "array", "uniqueItems": True, "x-guidance": {"lenient": True}},
        "uniqueItems",
    ),
    "counts properties": ({"type": "object", "minProperties": 1}, "minProperties needs as many"),
    "a pattern that is none": ({"type": "string", "pattern": "["}, "unclosed|regex"),
    "half a character": ({"const": "\ud800"}, "not JSON"),
    "a million remainders": ({"type": "integer", "multipleOf": 1000003}, "too many digits"),
    "remainders at once": (
        {"allOf": [{"type": "integer", "multipleOf": each} for each in (101, 103)]},
        "too many digits",
    ),
    "too much of it": (
        {"allOf": [{"anyOf": [{"properties": {f"{a}{n}": {}}} for a in "ab"]} for n in range(20)]},
        "too large",
    ),
}


@pytest.mark.parametrize(("schema", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_schema_that_cannot_be_used_is_refused_with_a_short_reason(
    grammars: Grammars, schema: object, reason: str
):
    with pytest.raises(SchemaRejected, match=reason) as refused:
        compiled(grammars, schema)
    assert len(str(refused.value)) <= MAX_REASON_CHARS
    assert "\n" not in str(refused.value)
    assert not str(refused.value).endswith(".")


KEYWORDS = [
    *("type", "properties", "required", "items", "prefixItems", "enum", "const", "anyOf", "allOf"),
    *("oneOf", "not", "$ref", "$defs", "pattern", "format", "minLength", "maxLength", "minimum"),
    *("maximum", "multipleOf", "minItems", "maxItems", "additionalProperties", "minProperties"),
    *("maxProperties", "patternProperties", "x-guidance", "$schema", "$id", "if", "uniqueItems"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["object", "array", "string", "number", "#", "#/$defs/a", "^(a|", "date"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYWORDS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(schema=st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=5))
def test_any_object_is_compiled_or_refused_in_words(grammars: Grammars, schema: dict):
    try:
        allowed(compiled(grammars, schema).begin().mask)
    except SchemaRejected as error:
        assert str(error)  # noqa: PT017


def test_text_that_the_tokens_cannot_write_is_refused_when_it_is_reached(tmp_path: Path):
    poor = Tokenizer.from_file(write_poor_tokenizer(tmp_path / "tokenizer.json"))
    guide = compiled(Grammars(poor, eos_id=EOS, n_tokens=N_TOKENS), {"const": "aé"}).begin()
    with pytest.raises(SchemaRejected):
        write_to_the_end(guide)


def test_model_whose_tokens_cannot_be_read_answers_without_schemas(tmp_path: Path):
    odd = json.loads((PARITY / "tokenizer.json").read_text()) | {"decoder": None}
    (tmp_path / "tokenizer.json").write_text(json.dumps(odd))
    tokenizer = Tokenizer.from_file(tmp_path / "tokenizer.json")
    with pytest.raises(SchemaRejected, match="this model's tokens"):
        compiled(Grammars(tokenizer, eos_id=EOS, n_tokens=N_TOKENS), {})


def test_last_schemas_stay_compiled(grammars: Grammars):
    first, *others = [{"const": number} for number in range(N_KEPT + 1)]
    kept = compiled(grammars, first)
    assert compiled(grammars, first) is kept
    for each in others:
        compiled(grammars, each)
    assert compiled(grammars, first) is not kept


def test_answers_to_one_schema_do_not_know_each_other(grammars: Grammars):
    grammar = compiled(grammars, {"type": "integer"})
    one, other = grammar.begin(), grammar.begin()
    one.push(*TOKENIZER.encode("1"))
    assert EOS in allowed(one.mask)
    assert EOS not in allowed(other.mask)


@dataclass
class Matcher:
    """Allows everything; notes on which threads it was asked."""

    threads: set[str]

    def deep_copy(self) -> "Matcher":
        return self

    def consume_token(self, token: int) -> bool:
        return True

    def compute_bitmask(self) -> bytes:
        self.threads.add(current_thread().name)
        return b"\xff" * (N_TOKENS // 8)

    def is_error(self) -> bool:
        return False


THREADS = ThreadPoolExecutor(1, thread_name_prefix="beside")


def anything(threads: set[str] | None = None) -> Grammar:
    return Grammar(lambda: Matcher(set() if threads is None else threads), THREADS)


def test_masks_after_the_first_are_computed_on_another_thread():
    names: set[str] = set()
    guide = anything(names).begin()
    names.clear()
    guide.push(1)
    guide.mask.result(WAIT_S)
    assert names == {"beside_0"}


def test_memory_that_other_answers_used_up_is_renewed():
    """Copies of a matcher share a bounded memory of the texts they met: a schema that was asked
    often would have failed for everybody, until it was forgotten.
    """
    grammar = LLMatcher.grammar_from_json_schema({"type": "string", "pattern": "^(.*a.{9}){1,9}$"})
    limits, tokens = LLParserLimits(max_lexer_states=60), LLTokenizer(TOKENIZER.to_json())
    often = Grammar(lambda: LLMatcher(tokens, grammar, log_level=0, limits=limits), THREADS)
    first = often.matcher
    for number in range(20):
        guide = often.begin()
        for token in TOKENIZER.encode('"' + f"{number:b}".replace("0", "a") * 2):
            guide.push(token)
            assert allowed(guide.mask)
    assert often.matcher is not first


def answer(
    loaded: Loaded, grammar: Grammar | None, sampling: Sampling, max_tokens: int
) -> tuple[str, str | None]:
    """What the network writes when it is held to a grammar, and why that ended."""
    loaded.cache.lengths[0] = 0
    procedure = loaded.skills.write(loaded.prompts.query("How?"), max_tokens, grammar=grammar)
    decoding = start(loaded.network, procedure, 0, sampling)
    found = list(run(loaded.network, loaded.cache, decoding))
    return "".join(each.text for each in found if isinstance(each, Text)), decoding.finish_reason


SAMPLINGS = [Sampling(), *(Sampling(temperature=1.5, top_p=1.0, seed=seed) for seed in range(3))]
NAMES = st.sampled_from(["a", "b", "long name", "é", 'quo"te', "日本"])
SCALARS = [None, True, False, 0, -7, 1.5, "", "a", 'é"\\', "🙂 日本"]
LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.lists(st.sampled_from(SCALARS), min_size=1, max_size=4).map(lambda each: {"enum": each}),
    st.sampled_from(SCALARS).map(lambda each: {"const": each}),
    st.tuples(st.integers(-99, 9), st.integers(9, 999)).map(
        lambda ends: {"type": "integer", "minimum": ends[0], "maximum": ends[1]}
    ),
    st.just({"type": "number", "minimum": -1, "exclusiveMaximum": 1}),
    st.tuples(st.integers(0, 2), st.integers(2, 5)).map(
        lambda ends: {"type": "string", "minLength": ends[0], "maxLength": ends[1]}
    ),
    st.sampled_from(["^[a-c]{2}$", "x", "^(yes|no)"]).map(
        lambda pattern: {"type": "string", "pattern": pattern, "maxLength": 12}
    ),
    st.sampled_from(["date", "time", "uuid"]).map(lambda each: {"type": "string", "format": each}),
)


def objects(inner: st.SearchStrategy) -> st.SearchStrategy:
    def of(properties: dict, n_required: int, extra: object) -> dict:
        required = list(properties)[:n_required]
        counts = {"minProperties": len(required), "maxProperties": len(required) + 1}
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": extra,
            # Beside properties that may be left out, nobody counts.
            **(counts if len(required) == len(properties) else {}),
        }

    extras = st.just(False) | inner
    return st.builds(of, st.dictionaries(NAMES, inner, max_size=3), st.integers(0, 3), extras)


def arrays(inner: st.SearchStrategy) -> st.SearchStrategy:
    def of(items: dict, least: int, more: int, first: list) -> dict:
        bounds = {"minItems": least, "maxItems": least + more}
        return {"type": "array", "items": items, "prefixItems": first, **bounds}

    few = st.integers(0, 2)
    return st.builds(of, inner, few, few, st.lists(inner, max_size=2))


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        objects(inner)
        | arrays(inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each})
    ),
    max_leaves=6,
)
REFERRING = SCHEMAS.map(lambda each: {"$ref": "#/$defs/it", "$defs": {"it": each}})


@settings(max_examples=100)
@given(schema=SCHEMAS | REFERRING, sampling=st.sampled_from(SAMPLINGS))
@example(schema={"type": "object"}, sampling=SAMPLINGS[1])
@example(schema=MUG, sampling=SAMPLINGS[0])
def test_every_answer_that_ends_by_itself_fits_its_schema(
    loaded: Loaded, grammars: Grammars, schema: dict, sampling: Sampling
):
    try:
        grammar = compiled(grammars, schema)
    except SchemaRejected as error:
        event(f"refused: {error}")
        return
    text, end = answer(loaded, grammar, sampling, 120)
    event(str(end))
    if end == "stop":
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))


@pytest.mark.parametrize("sampling", SAMPLINGS[:2], ids=["greedy", "drawn"])
def test_text_is_the_same_where_everything_is_allowed(loaded: Loaded, sampling: Sampling):
    assert answer(loaded, anything(), sampling, 60) == answer(loaded, None, sampling, 60)


def test_answer_that_its_budget_ends_says_so(loaded: Loaded, grammars: Grammars):
    text, end = answer(loaded, compiled(grammars, MUG), Sampling(), 3)
    assert (text, end) == ('{"c', "length")
