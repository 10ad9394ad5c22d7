"""The demo model is asked about pictures in every form, from Python and over Socket.IO."""

from base64 import encodebytes
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from model import Model, Picture, load_model
from tests.protocol.pictures import data_url
from tests.protocol.scenes import STORED, exif, image, png_of, saved
from tests.server import Server, connect, over_the_wire, serve

SIZE = (640, 360)
QUESTION, ANSWER = "What is left of the square?", "A red circle is left of the square."


@pytest.fixture(scope="module")
def demo() -> Iterator[Model]:
    with load_model("demo") as model:
        yield model


def draw(mode: str, background: tuple, *shapes: tuple[str, tuple, tuple]) -> Image.Image:
    picture = Image.new(mode, SIZE, background)
    brush = ImageDraw.Draw(picture)
    for shape, box, color in shapes:
        getattr(brush, shape)(box, fill=color)
    return picture


SCENE = draw(
    "RGB",
    (255, 255, 255),
    ("ellipse", (110, 110, 250, 250), (220, 40, 40)),
    ("rectangle", (390, 110, 520, 240), (40, 70, 220)),
)
PIXELS = np.asarray(SCENE)
JPEG = saved(SCENE, "JPEG", quality=90)


def turned(orientation: int, format: str = "JPEG") -> bytes:
    prefix = b"Exif\0\0" if format == "JPEG" else b""
    stored = image(STORED[orientation](PIXELS))
    return saved(stored, format, exif=exif(orientation, prefix=prefix))


def with_frames(format: str) -> bytes:
    buffer = BytesIO()
    SCENE.save(buffer, format, save_all=True, append_images=[Image.new("RGB", SIZE)])
    return buffer.getvalue()


SENT: dict[str, Callable[[], bytes | str]] = {
    "a data URL with a line's end": lambda: f"{data_url(JPEG)}\n",
    "a data URL in lines": lambda: f"data:;name=x;base64,{encodebytes(JPEG).decode()}",
    "a data URL in bits of addresses": lambda: data_url(JPEG).replace("+", "%2B").rstrip("="),
}
FORMS: dict[str, Callable[[], Picture]] = {
    "a JPEG with a fill byte": lambda: JPEG[:2] + b"\xff" + JPEG[2:],
    "a JPEG with a film behind it": lambda: JPEG + b"\xff\xda" * 101,
    "a JPEG upside down": lambda: turned(3),
    "a JPEG on its side": lambda: turned(6),
    "a PNG in a mirror": lambda: turned(2, "PNG"),
    "a WebP on its side": lambda: turned(8, "WEBP"),
    "several JPEGs in one": lambda: with_frames("MPO"),
    "a PNG that moves": lambda: with_frames("PNG"),
    "a WebP that moves": lambda: with_frames("WEBP"),
    "a CMYK JPEG": lambda: saved(SCENE.convert("CMYK"), "JPEG", quality=90),
    "a PNG of 16 bits": lambda: png_of(PIXELS.astype(np.uint16) * 257, 2, 16),
    "an array": lambda: PIXELS,
    "an array of floats": lambda: PIXELS / 255,
    "an array of 16 bits": lambda: PIXELS.astype(np.uint16) * 257,
    "an open picture": lambda: SCENE,
    "an open picture upside down": lambda: Image.open(BytesIO(turned(3))),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_same_scene_is_answered_the_same_in_every_form(demo: Model, form: Callable[[], Picture]):
    assert "".join(demo.query(form(), QUESTION)) == ANSWER


@pytest.fixture(scope="module")
def demo_server() -> Iterator[Server]:
    with serve("--model", "demo") as server:
        yield server.wait_until_ready()


@over_the_wire
async def test_same_scene_is_answered_the_same_however_it_is_sent(demo_server: Server):
    forms = {**SENT, **FORMS, "black": lambda: saved(TRANSPARENT)}
    answers = {}
    async with connect(demo_server) as anna:
        for name, form in forms.items():
            if isinstance(picture := form(), str | bytes):
                question = "What do you see?" if name == "black" else QUESTION
                answers[name] = (await anna.ask(question=question, image=picture))["answer"]
    assert answers.pop("black") == "I see a black circle."
    assert answers == dict.fromkeys(answers, ANSWER)
    assert answers.keys() >= SENT.keys()


@over_the_wire
async def test_newest_frame_of_a_live_burst_is_the_one_that_is_answered_about(demo_server: Server):
    empty = saved(Image.new("RGB", SIZE, "white"), "JPEG")
    async with connect(demo_server) as anna:
        for _ in range(59):
            await anna.send(question=QUESTION, image=empty, live=True)
        newest = await anna.ask(question=QUESTION, image=JPEG, live=True)
        responses = await anna.count("response", 60)
    assert newest["answer"] == ANSWER
    reasons = Counter(each["finish_reason"] for each in responses)
    assert reasons.keys() <= {"stop", "replaced"}
    assert reasons["replaced"] >= 50


# Black below what is transparent, as most programs leave it.
TRANSPARENT = draw("RGBA", (0, 0, 0, 0), ("ellipse", (230, 90, 410, 270), (0, 0, 0, 255)))
TRANSPARENT_FORMS: dict[str, Callable[[], Picture]] = {
    "a PNG": lambda: saved(TRANSPARENT),
    "a WebP": lambda: saved(TRANSPARENT, "WEBP"),
    "an open picture": lambda: TRANSPARENT,
    "a premultiplied picture": lambda: TRANSPARENT.convert("RGBa"),
    "an array": lambda: np.asarray(TRANSPARENT),
}


@pytest.mark.parametrize("form", TRANSPARENT_FORMS.values(), ids=TRANSPARENT_FORMS.keys())
def test_transparent_picture_is_seen_on_white(demo: Model, form: Callable[[], Picture]):
    """A black circle on nothing was black on black."""
    assert "".join(demo.query(form(), "What do you see?")) == "I see a black circle."
