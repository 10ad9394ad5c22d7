"""What the page and the server say to each other of cameras that were named at the start."""

from collections.abc import Collection
from typing import Any

from protocol.camera import CameraFrame, Sight
from protocol.errors import BadRequest, RequestError


def parse_camera_choice(payload: object, names: Collection[str]) -> str | None:
    """The camera that a page wants to look through, None for none any more. Raises BadRequest."""
    if not isinstance(payload, dict) or "name" not in payload:
        raise BadRequest('The payload must be an object such as {"name": "Front door"}.')
    name = payload["name"]
    if name is None:
        return None
    if name not in names:
        raise BadRequest("No camera of this name was given at the start, with --camera NAME=URL.")
    return name


def camera_refusal(error: RequestError) -> dict[str, Any]:
    """What `camera_state` tells of a choice that cannot be."""
    told = {"code": error.code, "message": error.message}
    return {"name": None, "state": "refused", "error": told}


def camera_state_payload(name: str, sight: Sight, now: float) -> dict[str, Any]:
    """How a camera is, and of a lost one when it is tried again. now: as `monotonic` counts."""
    retry_in_s = None if sight.retry_at is None else round(max(0.0, sight.retry_at - now), 1)
    return {
        "name": name,
        "state": sight.state,
        "trouble": sight.trouble,
        "retry_in_s": retry_in_s,
    }


def camera_frame_payload(name: str, frame: CameraFrame, now: float) -> dict[str, Any]:
    """A frame of a camera, and how old it is."""
    return {
        "name": name,
        "image": frame.data,
        "width": frame.width,
        "height": frame.height,
        "age_ms": round(1000 * (now - frame.taken_at)),
    }
