"""Every option once, as a flag and as a variable."""

from dataclasses import fields

import click
import pytest
from click.testing import CliRunner

from settings import Settings, with_options


def settings_of(arguments: list[str], environment: dict[str, str] | None = None) -> Settings:
    got: list[Settings] = []

    @click.command()
    @with_options
    def command(**options) -> None:
        got.append(Settings(**options))

    result = CliRunner().invoke(command, arguments, env=environment, standalone_mode=False)
    if result.exception:
        raise result.exception
    return got[0]


VALUES = {
    "device": "cpu",
    "dtype": "float32",
    "quantize": "int8",
    "redis": "redis://:secret@10.0.0.5:6379/0",
    "public_url": "https://cam.example",
    "trusted_proxy": "10.0.0.0/8",
    "token": "open-sesame",
    "cert": "cert.pem",
    "key": "key.pem",
    "cors_origin": "http://cam.example",
    "camera": "Front door=rtsp://me:secret@10.0.0.8/live",
    "alert_webhook": "http://me:secret@hooks.example/x",
}


def test_no_option_means_the_defaults():
    assert settings_of([]) == Settings()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_a_flag_and_a_variable(name: str):
    value = VALUES.get(name, "7777")
    is_switch = isinstance(getattr(Settings, name), bool)
    flag = settings_of([f"--{name.replace('_', '-')}", *([] if is_switch else [value])])
    variable = settings_of([], {f"MOONSIGHT_{name.upper()}": "1" if is_switch else value})
    assert flag == variable != Settings()


def test_flag_wins_over_variable():
    assert settings_of(["--port", "1"], {"MOONSIGHT_PORT": "2"}).port == 1


@pytest.mark.parametrize(
    "flags",
    [
        ["--device", "tpu"],
        ["--port", "0"],
        ["--port", "65536"],
        ["--max-running", "0"],
        ["--max-frame-bytes", "1"],
        ["--max-frame-pixels", "1"],
        ["--host", ""],
        ["--host", " "],
        ["--host", "http://localhost"],
        ["--host", "localhost:5000"],
        ["--host", "*"],
        ["--model", ""],
        ["--revision", ""],
        ["--cors-origin", ""],
        ["--cors-origin", "*"],
        ["--cors-origin", "cam.example"],
        ["--cors-origin", "http://cam.example/page"],
        ["--redis", "10.0.0.5:6379"],
        ["--redis", "http://10.0.0.5"],
        ["--public-url", "https://cam.example/page"],
        ["--public-url", "cam.example"],
        ["--public-url", "null"],
        ["--trusted-proxy", "proxy.example"],
        ["--trusted-proxy", "10.0.0.0/33"],
        ["--cors-origin", "http://me@cam.example"],
        ["--cors-origin", "ws://cam.example"],
        ["--cors-origin", "file:///home"],
        ["--cors-origin", "http://cam.example:0"],
        ["--alert-webhook", "hooks.example"],
        ["--alert-webhook", "ftp://hooks.example"],
        ["--alert-webhook", "http://"],
        ["--camera", ""],
        ["--camera", "rtsp://10.0.0.8/live"],
        ["--camera", "Front door=10.0.0.8"],
        ["--camera", "Front door=file:///dev/video0"],
    ],
)
def test_impossible_value_is_refused_with_what_is_accepted(flags: list[str]):
    """`--cors-origin *` was accepted, and then everybody was refused."""
    with pytest.raises(click.UsageError) as refused:
        settings_of(flags)
    assert flags[0] in str(refused.value.format_message())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://cam.example/", "http://cam.example"),
        ("HTTP://Cam.Example:80", "http://cam.example"),
        ("https://cam.example:443/", "https://cam.example"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("null", "null"),
    ],
)
def test_origin_is_taken_as_browsers_write_it(written: str, meant: str):
    assert settings_of(["--cors-origin", written]).cors_origin == (meant,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("0", "0.0.0.0"),
        ("127.1", "127.0.0.1"),
        ("LocalHost.", "localhost"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        (" cam ", "cam"),
    ],
)
def test_host_is_taken_in_its_one_spelling(written: str, meant: str):
    """`--host 0` listened everywhere, and answered nobody who came from elsewhere."""
    assert settings_of(["--host", written]).host == meant


def test_password_of_a_webhook_is_not_repeated():
    with pytest.raises(click.UsageError) as refused:
        settings_of(["--alert-webhook", "htp://me:secret@hooks.example"])
    assert "secret" not in refused.value.format_message()
    assert "secret" not in repr(settings_of(["--alert-webhook", "http://me:secret@hooks.example"]))


def test_password_of_a_camera_is_not_repeated():
    with pytest.raises(click.UsageError) as refused:
        settings_of(["--camera", "Front door=rtp://me:secret@10.0.0.8/live"])
    assert "secret" not in refused.value.format_message()
    assert "secret" not in repr(settings_of(["--camera", VALUES["camera"]]))


def test_variable_names_several_cameras_whose_names_have_spaces():
    cameras = ("Front door=rtsp://10.0.0.8/live", "Back yard=http://10.0.0.9/video")
    assert settings_of([], {"MOONSIGHT_CAMERA": " ".join(cameras)}).camera == cameras


def test_variables_that_are_empty_are_not_given():
    empty = {f"MOONSIGHT_{field.name.upper()}": "" for field in fields(Settings)}
    assert settings_of([], empty) == Settings()
