"""Cameras as a person names them at the start."""

import pytest

from protocol.camera import MAX_NAME_CHARS, NamedCamera, parse_camera, split_cameras


@pytest.mark.parametrize(
    ("written", "name", "url"),
    [
        ("Front door=rtsp://10.0.0.8/live", "Front door", "rtsp://10.0.0.8/live"),
        (" Front   door = rtsp://10.0.0.8/a=b ", "Front door", "rtsp://10.0.0.8/a=b"),
        ("Hof=https://me:se=cret@cam.example:8443/", "Hof", "https://me:se=cret@cam.example:8443/"),
        ("庭=RTSPS://[::1]:322/1", "庭", "rtsps://[::1]:322/1"),
    ],
)
def test_camera_is_read(written: str, name: str, url: str):
    assert parse_camera(written) == NamedCamera(name, url)


@pytest.mark.parametrize(
    "written",
    [
        "rtsp://me:secret@10.0.0.8/live",
        "=rtsp://me:secret@10.0.0.8/live",
        "a\u202eb=rtsp://me:secret@10.0.0.8/live",
        f"{'a' * (MAX_NAME_CHARS + 1)}=rtsp://me:secret@10.0.0.8/live",
        "Door=secret",
        "Door=file:///secret",
        "Door=rtsp:///secret",
        "Door=rtsp://me:secret@10.0.0.8:99999/",
        "Door=rtsp://me:sec ret@10.0.0.8/",
        "Door=rtmp://me:secret@10.0.0.8/",
        "Door=concat:rtsp://secret",
    ],
)
def test_what_is_no_camera_is_refused_without_a_word_of_its_password(written: str):
    with pytest.raises(ValueError, match="rtsp://") as refused:
        parse_camera(written)
    assert "secret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_password_is_not_shown():
    assert "secret" not in repr(parse_camera("Door=rtsp://me:secret@10.0.0.8/"))


@pytest.mark.parametrize(
    ("variable", "cameras"),
    [
        ("Front door=rtsp://a/1 Back yard=http://b/?x=1", 2),
        ("Front door=rtsp://a/1\nBack yard=http://b/\n", 2),
        ("Front door", 1),
        (" ", 0),
    ],
)
def test_variable_holds_several_whose_names_have_spaces(variable: str, cameras: int):
    split = split_cameras(variable)
    assert len(split) == cameras
    assert " ".join(split).split() == variable.split()
