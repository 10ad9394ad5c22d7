"""What the page and the server say to each other of cameras in the network."""

import pytest

from protocol.camera import CameraFrame, CameraState, Sight, Trouble
from protocol.errors import BadRequest
from protocol.formats.page_cameras import (
    camera_frame_payload,
    camera_refusal,
    camera_state_payload,
    parse_camera_choice,
)

NAMES = ("Front door", "Garage")


def test_camera_is_chosen_by_its_name_and_left_with_none():
    assert parse_camera_choice({"name": "Garage"}, NAMES) == "Garage"
    assert parse_camera_choice({"name": None}, NAMES) is None


@pytest.mark.parametrize(
    "payload", [None, [], {}, {"name": "rtsp://10.0.0.8/"}, {"name": 5}, {"name": ["Garage"]}]
)
def test_what_names_no_camera_of_the_start_is_refused(payload: object):
    with pytest.raises(BadRequest):
        parse_camera_choice(payload, NAMES)


def test_refusal_says_why():
    told = camera_refusal(BadRequest("No."))
    assert (told["state"], told["error"]["message"]) == ("refused", "No.")


def test_lost_camera_tells_why_and_when_it_is_tried_again():
    sight = Sight(CameraState.LOST, None, Trouble.REFUSED, retry_at=104.0)
    told = camera_state_payload("Garage", sight, now=100.0)
    assert told == {"name": "Garage", "state": "lost", "trouble": "refused", "retry_in_s": 4.0}
    assert camera_state_payload("Garage", sight, now=105.0)["retry_in_s"] == 0


def test_frame_tells_its_age():
    told = camera_frame_payload("Garage", CameraFrame(b"jpeg", 4, 3, taken_at=1.0), now=1.25)
    assert told == {"name": "Garage", "image": b"jpeg", "width": 4, "height": 3, "age_ms": 250}
