"""What the server and a page that lets programs look say to each other."""

from typing import Any

from protocol.errors import BadImage, ImageTooLarge, NothingToSee, NotShared
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.request import DetectRequest, PointRequest, QueryRequest, Request

# What a page says in place of a frame: it has just been told to share no more, or its browser
# brings no pictures to a tab that nobody sees. Whatever else it says, it has none.
SWITCHED_OFF, HIDDEN = "not_shared", "hidden"
_JPEG = b"\xff\xd8"


def parse_share(payload: object) -> bool:
    """Whether a page lets programs look from now on; what cannot be read says no."""
    return isinstance(payload, dict) and payload.get("is_shared") is True


def parse_shown(payload: dict[Any, Any], limits: FrameLimits) -> Frame:
    """The frame that a page shows a program.

    Raises NotShared, or NothingToSee when it shows none that can be used.
    """
    error = payload.get("error")
    if error == SWITCHED_OFF:
        raise NotShared
    if error == HIDDEN:
        raise NothingToSee(
            "The page that shares its camera is in the background, where its browser brings no"
            " new pictures. Bring it to the front."
        )
    if error is not None:
        raise NothingToSee
    image = payload.get("image")
    if not isinstance(image, bytes) or not image.startswith(_JPEG):
        raise NothingToSee
    try:
        return check_frame(image, limits)
    except (BadImage, ImageTooLarge) as error:
        # The program is not to blame.
        raise NothingToSee from error


def look_payload(asked: Request) -> dict[str, Any]:
    """What `program` tells the page: what a program wants to know, so that it can be shown."""
    told: dict[str, Any] = {"id": asked.id, "skill": asked.skill.value}
    match asked:
        case QueryRequest(question=question):
            return told | {"question": question}
        case DetectRequest(object=object) | PointRequest(object=object):
            return told | {"object": object}
    return told
