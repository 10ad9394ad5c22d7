"""Every option once: its flag, its `MOONSIGHT_…` variable, its default and what it does."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import click

from protocol.camera import parse_camera, split_cameras
from protocol.frame import FrameLimits
from protocol.hosts import (
    MAX_PORT,
    parse_address,
    parse_cluster,
    parse_hook,
    parse_network,
    parse_origin,
    parse_public_url,
    parse_upstream,
)

DEVICES = ("auto", "cuda", "mps", "cpu")
DTYPES = ("auto", "bfloat16", "float16", "float32")
QUANTIZATIONS = ("none", "int8")

# How the default is told of what follows from this computer.
FITTING = "what memory allows, 8 at most, on a GPU 32"

Command = TypeVar("Command", bound=Callable)


@dataclass(frozen=True)
class Settings:
    """What the person who starts Moonsight can choose. Sizes are bytes, pixels or counts."""

    host: str = "127.0.0.1"
    port: int = 5000
    model: str = "auto"
    revision: str = "2025-06-21"
    device: str = "auto"
    dtype: str = "auto"
    quantize: str = "none"
    upstream: tuple[str, ...] = ()
    ray: str = ""
    # May hold a password, too.
    redis: str = field(default="", repr=False)
    public_url: str = ""
    trusted_proxy: tuple[str, ...] = ()
    cors_origin: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    lan: bool = False
    cert: str = ""
    key: str = ""
    max_frame_bytes: int = 8 * 2**20
    max_frame_pixels: int = 4096 * 4096
    max_running: int | None = None
    max_waiting: int = 32
    max_prefix_bytes: int = 640 * 2**20
    max_waiting_per_client: int = 8
    # May hold a password, which belongs into no message.
    alert_webhook: str = field(default="", repr=False)
    alert_webhook_frames: bool = False
    # Each may hold a password, too.
    camera: tuple[str, ...] = field(default=(), repr=False)
    log_requests: bool = False

    @property
    def frame_limits(self) -> FrameLimits:
        """The largest picture accepted, at every door."""
        return FrameLimits(self.max_frame_bytes, self.max_frame_pixels)


class _Read(click.ParamType):
    """A text as `read` has it; what `read` refuses with a ValueError is refused in its words."""

    def __init__(self, name: str, read: Callable[[str], object], is_optional: bool = False) -> None:
        """is_optional: an empty text means that there is none."""
        self.name, self._read, self._is_optional = name, read, is_optional

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if self._is_optional and not value:
            return ""
        try:
            return str(self._read(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _ReadEach(_Read):
    """The same where the items of a variable are found by `split`: one may have spaces."""

    def __init__(
        self, name: str, read: Callable[[str], object], split: Callable[[str], list[str]]
    ) -> None:
        super().__init__(name, read)
        self._split = split

    def split_envvar_value(self, rv: str) -> list[str]:
        return self._split(rv)


def _read_text(text: str) -> str:
    if not text.strip():
        raise ValueError("It is empty. Leave the option out, or give it a value.")
    return text


def _read_hook(text: str) -> str:
    parse_hook(text)
    return text


def _read_camera(text: str) -> str:
    parse_camera(text)
    return text


def _read_redis(text: str) -> str:
    if not _REDIS.fullmatch(text):
        raise ValueError("It is no address of a Redis server, such as redis://10.0.0.5:6379/0.")
    return text


def _read_upstream(text: str) -> str:
    return parse_upstream(text).url


def _read_token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("A token has 8 to 256 letters, digits and signs, and no spaces.")
    return text


_TOKEN = re.compile(r"[!-~]{8,256}")
_REDIS = re.compile(r"rediss?://[^/\s]+(/\d*)?")
_TEXT = _Read("text", _read_text)
_COUNT = click.IntRange(min=1)
# No picture that shows anything is smaller.
_SIZE = click.IntRange(min=1024)
_OPTIONS = (
    ("host", _Read("address", parse_address), "Address to listen on."),
    ("port", click.IntRange(1, MAX_PORT), "Port to listen on."),
    ("model", _TEXT, "auto, moondream2, demo, a checkpoint folder, or a repository of the hub."),
    ("revision", _TEXT, "Tag, branch or commit of the hub's repository."),
    ("device", click.Choice(DEVICES), "Where the model runs; auto takes the fastest there is."),
    ("dtype", click.Choice(DTYPES), "Number format of the weights; auto fits the device."),
    (
        "quantize",
        click.Choice(QUANTIZATIONS),
        "Smaller weights on a CPU: faster, less exact.",
    ),
    (
        "upstream",
        _Read("url", _read_upstream),
        "A server that speaks OpenAI's API, to answer instead of a model here. Can be given several"
        " times; its key is read from MOONSIGHT_UPSTREAM_KEY.",
    ),
    (
        "ray",
        _Read("address", parse_cluster, is_optional=True),
        "Head of a Ray cluster whose replicas answer instead of a model here.",
    ),
    (
        "redis",
        _Read("url", _read_redis, is_optional=True),
        "A Redis server through which web tiers tell each other's pages something.",
    ),
    (
        "public_url",
        _Read("url", parse_public_url, is_optional=True),
        "Where people find the page, when something stands in front of it.",
    ),
    (
        "trusted_proxy",
        _Read("address", parse_network),
        "What stands in front: an address or a network whose forwarded headers are believed. Can be"
        " given several times.",
    ),
    (
        "cors_origin",
        _Read("origin", parse_origin),
        "Another web origin that may connect. Can be given several times.",
    ),
    (
        "token",
        _Read("token", _read_token, is_optional=True),
        "What everybody has to know who wants in: pages, programs, all of them.",
    ),
    ("lan", click.BOOL, "Open the page to this network, by HTTPS and behind a token."),
    ("cert", click.Path(), "A certificate of one's own for --lan, PEM."),
    ("key", click.Path(), "Its key, PEM."),
    ("max_frame_bytes", _SIZE, "Largest picture accepted, in bytes."),
    ("max_frame_pixels", _SIZE, "Largest picture accepted, in pixels."),
    ("max_running", _COUNT, "Questions answered side by side."),
    ("max_waiting", _COUNT, "Questions that may wait in line."),
    ("max_prefix_bytes", _COUNT, "Memory for frames that were looked at, in bytes."),
    ("max_waiting_per_client", _COUNT, "Questions of one page that may wait in line."),
    (
        "alert_webhook",
        _Read("url", _read_hook, is_optional=True),
        "Where the page's alerts are posted to.",
    ),
    ("alert_webhook_frames", click.BOOL, "Post the picture of an alert, too."),
    (
        "camera",
        _ReadEach("name=url", _read_camera, split_cameras),
        "A camera in the network that the page may look through: NAME=rtsp://… or NAME=http://…"
        " (MJPEG). Can be given several times.",
    ),
    ("log_requests", click.BOOL, "Write a line about each request; never what it asked."),
)


def with_options(command: Command) -> Command:
    """Give a click command every option; it is called with the fields of Settings."""
    return _with(command, [name for name, _, _ in _OPTIONS])


def with_model_options(command: Command) -> Command:
    """Give a click command those options that say which model answers."""
    return _with(command, ("model", "revision", "device", "dtype", "quantize", "upstream"))


def _with(command: Command, names: Sequence[str]) -> Command:
    for name, kind, text in reversed(_OPTIONS):
        if name not in names:
            continue
        default = getattr(Settings, name)
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=kind,
            default=default,
            is_flag=isinstance(default, bool),
            multiple=isinstance(default, tuple),
            show_default=FITTING if default is None else default not in ((), "", False),
            envvar=f"MOONSIGHT_{name.upper()}",
            help=text,
        )(command)
    return command
