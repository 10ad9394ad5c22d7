"""What programs send and are answered, as JSON schemas; the numbers are those of `protocol`."""

from typing import Any

from protocol.choices import MAX_CHOICE_CHARS, MAX_CHOICES, MIN_CHOICES
from protocol.request import (
    CAPTION_LENGTHS,
    MAX_OBJECT_CHARS,
    MAX_OBJECTS,
    MAX_QUESTION_CHARS,
    MAX_SEED,
    MAX_SPATIAL_REFS,
    MAX_STOP_CHARS,
    MAX_STOPS,
    MAX_TOKENS,
    SamplingParams,
)
from protocol.status import ModelState

Schema = dict[str, Any]


def of(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def fields(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def many(items: Schema, low: int = 0, high: int | None = None) -> Schema:
    bounds = {"minItems": low} | ({} if high is None else {"maxItems": high})
    return {"type": "array", "items": items, **bounds}


def text(description: str = "", low: int = 0, high: int | None = None) -> Schema:
    told = {"description": description} if description else {}
    bounds = {} if high is None else {"minLength": low, "maxLength": high}
    return {"type": "string", **told, **bounds}


def number(low: float, high: float, default: float, description: str = "") -> Schema:
    told = {"description": description} if description else {}
    bounds = {"minimum": low, "maximum": high, "default": default}
    return {"type": "integer" if isinstance(default, int) else "number", **bounds, **told}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_DEFAULT = SamplingParams()
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer"}
FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}
ANY_OBJECT: Schema = {"type": "object"}
FILE: Schema = {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP."}
# Events, of which OpenAPI 3.1 cannot tell what each holds.
STREAM: Schema = {"text/event-stream": {}}
STOP: Schema = {
    "description": "Texts before which the answer ends.",
    "anyOf": [
        text(low=1, high=MAX_STOP_CHARS),
        many(text(low=1, high=MAX_STOP_CHARS), 0, MAX_STOPS),
    ],
}
SETTINGS = fields(
    max_tokens=number(1, MAX_TOKENS, _DEFAULT.max_tokens),
    max_objects=number(1, MAX_OBJECTS, _DEFAULT.max_objects),
    temperature=number(0, 2, _DEFAULT.temperature, "0 takes the likeliest token each time."),
    top_p=number(0, 1, _DEFAULT.top_p),
    seed={"type": "integer", "minimum": 0, "maximum": MAX_SEED},
    stop=STOP,
    json_schema={"type": "object", "description": "query: the answer is JSON that fits it."},
)
END = {
    "finish_reason": {"enum": ["stop", "length"]},
    "usage": fields(prompt_tokens=COUNT, completion_tokens=COUNT),
    "timings": {"type": "object", "description": "Milliseconds."},
}
PICTURE = {
    "image_url": text(
        "The picture: a data URL (data:image/jpeg;base64,…) or its base64 alone. Addresses of the"
        " network are never fetched."
    ),
    "camera": {
        "type": "boolean",
        "description": "Ask about what the page's camera sees now instead, while its person lets"
        " programs look.",
    },
}
OBJECT = {"object": text("What to find.", 1, MAX_OBJECT_CHARS)}

# Of each of Moondream's skills: what it does, its fields, those it must have, and its result.
SKILLS: dict[str, tuple[str, Schema, tuple[str, ...], Schema]] = {
    "query": (
        "Answer a question about a picture, or without one.",
        {
            "question": text(low=1, high=MAX_QUESTION_CHARS),
            "reasoning": {"type": "boolean", "description": "Think first, pointing at places."},
            "spatial_refs": {
                "description": "Places in the picture that the question speaks of: [x, y] or"
                " [x_min, y_min, x_max, y_max], in fractions of it.",
                **many(many(FRACTION, 2, 4), 0, MAX_SPATIAL_REFS),
            },
            "choices": {
                "description": "The answer is one of them.",
                **many(text(low=1, high=MAX_CHOICE_CHARS), MIN_CHOICES, MAX_CHOICES),
            },
        },
        ("question",),
        fields(
            ("answer",),
            answer=text(),
            reasoning=or_null(ANY_OBJECT),
            choice=text(),
            probabilities=many(FRACTION),
            **END,
        ),
    ),
    "caption": (
        "Describe a picture.",
        {"length": {"enum": list(CAPTION_LENGTHS), "default": "normal"}},
        (),
        fields(("caption",), caption=text(), **END),
    ),
    "detect": (
        "Find a box around each object of a name.",
        OBJECT,
        ("object",),
        fields(("objects",), objects=many(of("Box")), **END),
    ),
    "point": (
        "Find a point on each object of a name.",
        OBJECT,
        ("object",),
        fields(("points",), points=many(of("Point")), count=COUNT, **END),
    ),
}

_TEXT_PART = fields(("type", "text"), type={"const": "text"}, text=text())
_IMAGE_PART = fields(
    ("type", "image_url"),
    type={"const": "image_url"},
    image_url={
        "anyOf": [
            fields(("url",), url=text("A data URL. Addresses are never fetched.")),
            text("The data URL itself."),
        ]
    },
)
MESSAGE = fields(
    ("role", "content"),
    role={"enum": ["system", "developer", "user", "assistant"]},
    content={"anyOf": [text(), many({"anyOf": [_TEXT_PART, _IMAGE_PART]}, 1)]},
)
CHAT = fields(
    ("messages",),
    model=text("Any name; the model that is there answers, under its own."),
    messages=many(MESSAGE, 1),
    max_tokens=or_null({"type": "integer", "minimum": 1}),
    max_completion_tokens=or_null({"type": "integer", "minimum": 1}),
    temperature=or_null(number(0, 2, _DEFAULT.temperature)),
    top_p=or_null(number(0, 1, _DEFAULT.top_p)),
    seed=or_null(COUNT),
    stop=or_null(STOP),
    stream=or_null(FLAG),
    stream_options=or_null(fields(include_usage=FLAG)),
    response_format=or_null(
        fields(
            ("type",),
            type={"enum": ["text", "json_object", "json_schema"]},
            json_schema=fields(("schema",), name=text(), schema=ANY_OBJECT),
        )
    ),
    reasoning=or_null(FLAG),
    reasoning_effort=or_null(text("none and minimal answer at once, others think first.")),
)
MODEL = fields(
    ("id", "object", "created", "owned_by"),
    id=text(),
    object={"const": "model"},
    created=COUNT,
    owned_by=text(),
)
MODELS = fields(("object", "data"), object={"const": "list"}, data=many(of("Model"), 1, 1))
COMPLETION = fields(
    ("id", "object", "created", "model", "choices", "usage"),
    id=text(),
    object={"const": "chat.completion"},
    created=COUNT,
    model=text(),
    choices=many(
        fields(
            ("index", "message", "finish_reason"),
            index={"const": 0},
            message=fields(
                ("role", "content"),
                role={"const": "assistant"},
                content=text(),
                reasoning_content=text(),
            ),
            finish_reason=END["finish_reason"],
        ),
        1,
        1,
    ),
    usage=fields(
        ("prompt_tokens", "completion_tokens", "total_tokens"),
        prompt_tokens=COUNT,
        completion_tokens=COUNT,
        total_tokens=COUNT,
    ),
)
PREDICTION = fields(
    ("status", "caption", "inference_time"),
    status={"const": "success"},
    caption=text(),
    inference_time={"type": "number", "description": "Seconds."},
)
HEALTH = fields(("status",), status={"const": "ok"})
STATUS = fields(("status",), status={"enum": [each.value for each in ModelState]})
ERRORS = {
    "OpenAI": fields(
        ("error",),
        error=fields(
            ("message", "type", "param", "code"),
            message=text(),
            type=text(),
            param=or_null(text()),
            code=or_null(text()),
        ),
    ),
    "Moondream": fields(("error",), error=fields(("message", "code"))),
    "Upload": fields(("status", "message"), status={"const": "error"}, message=text()),
}
SCHEMAS = {
    "Box": fields(
        ("x_min", "y_min", "x_max", "y_max"), x_min=NUMBER, y_min=NUMBER, x_max=NUMBER, y_max=NUMBER
    ),
    "Point": fields(("x", "y"), x=NUMBER, y=NUMBER),
    "Model": MODEL,
    **{f"{api}Error": schema for api, schema in ERRORS.items()},
}
