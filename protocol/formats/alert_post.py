"""What a webhook is sent for each alert: one JSON object."""

import json
from base64 import b64encode

from protocol.alert import Alert

MEDIA_TYPE = "application/json"


def post_body(alert: Alert) -> bytes:
    """An alert as JSON in UTF-8; what is not told of it has no field."""
    told = {
        "event": "alert",
        "id": alert.id,
        "rule": alert.rule,
        "kind": alert.kind,
        alert.kind: alert.about,
        "answer": alert.answer,
        "count": alert.count,
        "probability": alert.probability,
        "told_at": alert.told_at,
    }
    if alert.frame is not None:
        told["image"] = f"data:image/jpeg;base64,{b64encode(alert.frame.data).decode('ascii')}"
    told = {name: value for name, value in told.items() if value is not None}
    return json.dumps(told, ensure_ascii=False).encode()
