"""Requests that nobody should send: valid ones, each with something wrong, without end.

`bench.faults` sends many of them to a real server, the tests a few.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.drawing import draw, encode_jpeg
from demo.scenes import make_scene

BOUNDARY = "frontier"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
DEPTH = 100_000

SCENE = make_scene(3)
JPEG = encode_jpeg(draw(SCENE, 240), SCENE.seed)
DATA_URL = "data:image/jpeg;base64," + b64encode(JPEG).decode()

_MESSAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": DATA_URL}},
    ],
}
# What each path takes, and takes well.
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [_MESSAGE], "max_tokens": 4, "temperature": 0},
    "/v1/query": {
        "image_url": DATA_URL,
        "question": "What is it?",
        "settings": {"max_tokens": 4},
        "spatial_refs": [[0.5, 0.5]],
    },
    "/v1/caption": {"image_url": DATA_URL, "length": "short", "settings": {"max_tokens": 4}},
    "/v1/detect": {"image_url": DATA_URL, "object": "circle", "settings": {"max_objects": 2}},
    "/v1/point": {"image_url": DATA_URL, "object": "circle", "settings": {"max_objects": 2}},
}
UPLOADS = ("/predict", "/v1/query", "/v1/detect")

# The same by Socket.IO.
EVENTS: dict[str, dict[str, Any]] = {
    "query": {"image": JPEG, "question": "What is it?", "settings": {"max_tokens": 4}},
    "caption": {"image": DATA_URL, "length": "short", "settings": {"max_tokens": 4}},
    "detect": {"image": JPEG, "object": "circle", "settings": {"max_objects": 2}},
    "point": {"image": JPEG, "object": "circle", "settings": {"max_objects": 2}},
}

_PLAIN_JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, 2**63, "", " ", "x", "x" * 5000, "\ud800", "\0"),
    *([], {}, [[]], [None] * 20, {"type": "nothing"}, {"": {"": ""}}, "𝔘𝔫𝔦", "../../etc/passwd"),
    [{"role": "tool", "content": "x"}],
]
_PICTURE_JUNK: list[Any] = [
    *("http://127.0.0.1:1/a.jpg", "https://example.com/a.jpg", "file:///etc/passwd"),
    *("ftp://example.com/a.jpg", "data:,", "data:image/jpeg;base64,", "data:image/jpeg;base64,@@@"),
    "data:image/svg+xml;base64," + b64encode(b"<svg onload='alert(1)'/>").decode(),
    "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode(),
    *(DATA_URL[: len(DATA_URL) // 2], DATA_URL + "=====", "%" * 100),
]


@dataclass(frozen=True)
class Hostile:
    """One HTTP request as it is to be sent."""

    path: str
    media_type: str
    body: bytes


def hostile_posts(seed: int) -> Iterator[Hostile]:
    """Posts without end, over every path in turns."""
    random = Random(seed)
    makers: list[Callable[[Random, str], Hostile]] = [_mutated, _mutated, _garbled, _form]
    while True:
        for path in (*BODIES, "/predict"):
            make = random.choice(makers) if path in BODIES else _form
            yield make(random, path)


def hostile_events(seed: int) -> Iterator[tuple[str, Any]]:
    """Socket.IO events without end: their names and payloads."""
    random = Random(seed)
    while True:
        for name, payload in EVENTS.items():
            junk = random.choice(_PLAIN_JUNK)
            yield name, junk if random.random() < 0.1 else spoil(random, payload)


def spoil(random: Random, value: dict[str, Any]) -> dict[str, Any]:
    """A copy with one field, at any depth, missing or something else."""
    spoilt = deepcopy(value)
    *way, last = random.choice(list(_ways(spoilt)))
    inner: Any = spoilt
    for step in way:
        inner = inner[step]
    if random.random() < 0.2:
        del inner[last]
    elif isinstance(inner[last], bytes) or str(inner[last]).startswith("data:"):
        data = JPEG[: random.randrange(len(JPEG))]
        inner[last] = random.choice([*_PICTURE_JUNK, *_PLAIN_JUNK, data, random.randbytes(100)])
        if isinstance(inner[last], bytes) and not isinstance(value.get("image"), bytes):
            inner[last] = b64encode(inner[last]).decode()
    else:
        inner[last] = random.choice(_PLAIN_JUNK)
    return spoilt


def _ways(value: Any) -> Iterator[tuple[Any, ...]]:
    """How to come to each field of a value."""
    steps: list[Any] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    for step in steps:
        yield (step,)
        yield from ((step, *way) for way in _ways(value[step]))


def _mutated(random: Random, path: str) -> Hostile:
    body = json.dumps(spoil(random, BODIES[path])).encode()
    return Hostile(path, "application/json", body)


def _garbled(random: Random, path: str) -> Hostile:
    """A body that is no JSON object, or says that it is something else."""
    good = json.dumps(BODIES[path]).encode()
    place = random.randrange(len(good))
    kind, body = random.choice(
        [
            ("application/json", good[:place]),
            ("application/json", good[:place] + random.randbytes(3) + good[place:]),
            ("application/json", b""),
            ("application/json", b"[]"),
            ("application/json", b'{"a":NaN}'),
            ("application/json", b"[" * DEPTH + b"]" * DEPTH),
            ("application/json", b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
            ("application/json", good[:-1] + b"," + good[1:]),
            ("application/json; charset=utf-16", good),
            ("text/plain", good),
            ("", good),
            ("application/x-www-form-urlencoded", b"question=what"),
            (MULTIPART, good),
        ]
    )
    return Hostile(path, kind, body)


def _form(random: Random, path: str) -> Hostile:
    """A form that is broken, or holds what it should not."""
    place = random.randrange(len(JPEG))
    part = _part("file", JPEG, "a.jpg")
    end = f"--{BOUNDARY}--\r\n".encode()
    media_type, body = random.choice(
        [
            (MULTIPART, part),
            (MULTIPART, end),
            (MULTIPART, part[:place]),
            (MULTIPART, _part("file", JPEG[:place], "a.jpg") + end),
            (MULTIPART, _part("file", b"", "a.jpg") + end),
            (MULTIPART, _part("file", JPEG, "../../../etc/passwd") + end),
            (MULTIPART, _part("file", JPEG, 'a"\r\nX-Evil: 1\r\n\r\n') + end),
            (MULTIPART, _part("question", b"\xff\xfe", None) + part + end),
            (MULTIPART, _part("question", b"x" * 300_000, None) + part + end),
            (MULTIPART, part * 3 + end),
            (MULTIPART, _part("x", b"1", None) * 500 + part + end),
            (MULTIPART, b"--" + BOUNDARY.encode() + b"\r\n" + b"X: " + b"y" * 100_000),
            ("multipart/form-data", part + end),
            ("multipart/form-data; boundary=" + "b" * 300, part + end),
            ("multipart/mixed; boundary=" + BOUNDARY, part + end),
        ]
    )
    return Hostile(random.choice(UPLOADS) if path in UPLOADS else path, media_type, body)


def _part(name: str, data: bytes, filename: str | None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"
