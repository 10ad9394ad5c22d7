"""What a webhook is sent."""

import json
from base64 import b64decode

import pytest

from protocol.alert import Alert, AlertKind
from protocol.formats.alert_post import post_body
from protocol.frame import Frame

ALERT = {"id": "a", "rule": 'Tür → "auf"', "told_at": "2026-03-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "question", "answer": "yes"}, {"question": "it", "answer": "yes"}),
        ({"kind": "object", "count": 0}, {"object": "it", "count": 0}),
        ({"kind": "object", "probability": 0.0}, {"object": "it", "probability": 0.0}),
    ],
)
def test_body_holds_what_is_known_and_nothing_else(fields: dict, told: dict):
    fields = fields | {"kind": AlertKind(fields["kind"])}
    body = json.loads(post_body(Alert(about="it", **ALERT, **fields)))
    assert body == {"event": "alert", "kind": fields["kind"], **ALERT, **told}


def test_picture_is_a_data_url():
    alert = Alert(kind=AlertKind.OBJECT, about="cat", frame=Frame(b"\xff\xd8jpeg", 4, 3), **ALERT)
    head, _, data = json.loads(post_body(alert))["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert b64decode(data) == b"\xff\xd8jpeg"
