"""The resident model from a plain Python script."""

import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from model import Model, Picture, load_model
from moondream2.network import Network
from moondream2.vision import VisionEncoder
from protocol.answer import Finished, FinishReason, Sink, Timings, Usage
from protocol.errors import BadImage, BadRequest, Closing, ModelFailed, OutOfMemory, StartRefused
from protocol.formats.fields import Fields
from protocol.places import Box, Point
from protocol.request import NOTHING_YET, Request, SamplingParams, Skill
from protocol.status import ModelState, Status
from settings import Settings
from tests.backends.echo import EchoModel
from tests.backends.upstream.chat_server import chat_server
from tests.checkpoint_folders import copy_reference
from tests.protocol.pictures import data_url
from tests.protocol.scenes import ARRAYS, ENCODED, OPENED, RGB, STORED, exif, image, saved

SHORT = SamplingParams(max_tokens=8)
# Whatever is not called as its skill.
METHODS = {Skill.LOOK: "encode"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_reference(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def model(folder: Path) -> Iterator[Model]:
    with load_model(str(folder)) as model:
        yield model


def test_answer_comes_in_pieces_from_a_picture_a_path_or_bytes(model: Model, tmp_path: Path):
    picture = Image.new("RGB", (90, 70), (200, 40, 40))
    picture.save(tmp_path / "red.png")
    ways = [
        picture,
        np.asarray(picture),
        tmp_path / "red.png",
        str(tmp_path / "red.png"),
        _png(picture),
        bytearray(_png(picture)),
    ]
    answers = ["".join(model.query(way, "What is it?", SHORT)) for way in ways]
    assert len(set(answers)) == 1


def test_answer_to_a_schema_is_json_that_fits_it(model: Model):
    schema = {"enum": [{"cups": 2}, {"cups": 3}]}
    answer = model.query(None, "How many?", json_schema=schema)
    assert json.loads("".join(answer)) in schema["enum"]
    assert answer.finish_reason is FinishReason.STOP


def test_schema_that_cannot_be_used_is_refused_in_words(model: Model):
    with pytest.raises(BadRequest, match="`json_schema` must be an object"):
        model.query(None, "How many?", json_schema="object")
    with pytest.raises(BadRequest, match=r"The JSON schema cannot be used: .*objekt"):
        list(model.query(None, "How many?", json_schema={"type": "objekt"}))


def test_answer_ends_before_its_stop_text(model: Model):
    whole = "".join(model.query(None, "What is it?", SHORT))
    stop = whole[len(whole) // 2 :]
    sampling = SamplingParams(max_tokens=8, stop=(stop,))
    assert "".join(model.query(None, "What is it?", sampling)) == whole.partition(stop)[0]
    with pytest.raises(BadRequest, match="`stop` must be a text or a list of at most 4 texts"):
        model.query(None, "What is it?", SamplingParams(stop=("a",) * 5))


class Onlooker:
    """A model that is done with everything at once, for what happens at the door."""

    def submit(self, request: Request, sink: Sink) -> None:
        nothing = NOTHING_YET[request.skill]
        sink(Finished(request.id, FinishReason.STOP, nothing, Timings(), Usage()))

    def cancel(self, client: str, id: str | None = None) -> None:
        pass


@pytest.fixture(scope="module")
def door() -> Model:
    return Model(Onlooker(), Settings().frame_limits)


def seen(model: Model, picture: Picture) -> np.ndarray:
    """The pixels that a network would look at."""
    return np.asarray(model.encode(picture).frame.open())


def field(image: bytes | str) -> bytes:
    """What a format reads of a field that a program sent."""
    return Fields({"it": image}).picture("it", Settings().frame_limits).data


ENCODED_DOORS = {
    "bytes": lambda data, folder: data,
    "field of bytes": lambda data, folder: field(data),
    "field with a data url": lambda data, folder: field(data_url(data)),
    "data url": lambda data, folder: data_url(data),
    "path": lambda data, folder: write(folder / "picture", data),
    "picture": lambda data, folder: Image.open(BytesIO(data)),
}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("enter", ENCODED_DOORS.values(), ids=ENCODED_DOORS.keys())
@pytest.mark.parametrize(("data", "look"), ENCODED.values(), ids=ENCODED.keys())
def test_encoded_picture_looks_the_same_through_every_door(
    door: Model, tmp_path: Path, data: bytes, look: np.ndarray, enter: Callable
):
    """Bytes and open pictures each lost something else: turns, transparency, 16 bits."""
    assert (seen(door, enter(data, tmp_path)) == look).all()


@pytest.mark.parametrize("enter", ENCODED_DOORS.values(), ids=ENCODED_DOORS.keys())
@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_looks_the_same_through_every_door(
    door: Model, tmp_path: Path, enter: Callable, orientation: int, mode: str
):
    stored = image(STORED[orientation](RGB), mode)
    data = saved(stored, "JPEG", exif=exif(orientation, prefix=b"Exif\0\0"))
    plain = image(np.asarray(Image.open(BytesIO(data)).convert("RGB")))
    plain.info["exif"] = exif(orientation)
    assert (seen(door, enter(data, tmp_path)) == seen(door, plain)).all()


@pytest.mark.parametrize(("picture", "look"), OPENED.values(), ids=OPENED.keys())
def test_open_picture_of_every_mode_is_seen_as_it_looks(door: Model, picture, look):
    assert (seen(door, picture) == look).all()


@pytest.mark.parametrize(("pixels", "look"), ARRAYS.values(), ids=ARRAYS.keys())
def test_array_is_seen_as_it_looks(door: Model, pixels: np.ndarray, look: np.ndarray):
    before = pixels.copy()
    assert (seen(door, pixels) == look).all()
    assert (pixels == before).all()


REFUSED_ARRAYS = {
    "whole numbers of 64 bits": (np.zeros((4, 4), int), "int64"),
    "complex numbers": (np.zeros((4, 4), complex), "complex128"),
    "texts": (np.array([["red"]]), "<U3"),
    "objects": (np.array([[None]]), "object"),
    "a row": (np.zeros(9, np.uint8), r"\(9,\)"),
    "two channels": (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
    "channels first": (np.zeros((3, 16, 24), np.uint8), r"\(3, 16, 24\)"),
    "a film": (np.zeros((2, 4, 4, 3), np.uint8), r"\(2, 4, 4, 3\)"),
    "floats up to 255": (RGB.astype(float), "from 0.0 to 255.0"),
    "floats below 0": (RGB / 255 - 0.5, "from -0.5"),
    "floats without bounds": (np.full((4, 4), 1e300), "1e[+]300"),
    "not a number": (np.full((4, 4), np.nan), "nan"),
}


@pytest.mark.parametrize(("pixels", "what"), REFUSED_ARRAYS.values(), ids=REFUSED_ARRAYS.keys())
def test_other_array_is_refused_with_what_is_accepted(door: Model, pixels: np.ndarray, what: str):
    with pytest.raises(BadImage, match=rf"uint8, uint16, or floats from 0 to 1; .*{what}"):
        door.encode(pixels)


@pytest.mark.parametrize(
    ("path", "why"), [("no such.png", "No such file"), ("", "directory"), ("x" * 300, "too long")]
)
def test_path_that_cannot_be_read_is_refused_with_its_reason(door: Model, tmp_path, path, why):
    with pytest.raises(BadImage, match=f"cannot be read: .*{why}"):
        door.encode(tmp_path / path)


@pytest.mark.parametrize("picture", [5, None, ["a.png"], BytesIO(b""), torch.zeros(3, 4, 4)])
def test_what_is_no_picture_is_refused_with_what_is_accepted(door: Model, picture: Any):
    with pytest.raises(BadImage, match=rf"numpy array, .* this is a {type(picture).__name__}"):
        door.encode(picture)


def test_question_without_a_picture_is_answered(model: Model):
    assert isinstance("".join(model.query(None, "What is a lamp?", SHORT)), str)


def test_caption_is_written_in_each_length(model: Model):
    picture = Image.new("RGB", (90, 70))
    for length in ("short", "normal", "long"):
        "".join(model.caption(picture, length, SHORT))


def test_boxes_and_points_come_one_by_one(model: Model):
    picture = Image.new("RGB", (90, 70))
    few = SamplingParams(max_objects=2)
    assert all(isinstance(box, Box) for box in model.detect(picture, "cup", few))
    assert len(list(model.detect(picture, "cup", few))) <= 2
    assert all(isinstance(point, Point) for point in model.point(picture, "cup", few))


def test_question_can_speak_of_places_and_be_thought_about(model: Model):
    picture = Image.new("RGB", (90, 70))
    refs = [(0.5, 0.5), (0.1, 0.2, 0.3, 0.4)]
    "".join(model.query(picture, "And here?", SHORT, is_reasoning=True, spatial_refs=refs))


def test_answer_tells_after_the_loop_how_it_ended_and_what_it_took(model: Model):
    answer = model.query(Image.new("RGB", (90, 70)), "What is it?", SHORT)
    assert answer.finish_reason is None
    words = list(answer)
    assert words
    assert answer.finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert 1 <= answer.usage.completion_tokens <= 8
    assert answer.usage.prompt_tokens > answer.usage.completion_tokens
    assert 0 < answer.timings.first_token_ms <= answer.timings.total_ms
    assert answer.reasoning is None


def test_list_of_objects_that_was_cut_says_so(model: Model):
    """It looked whole: the door swallowed the end of an answer."""
    one = model.point(Image.new("RGB", (90, 70)), "cup", SamplingParams(max_objects=1))
    many = model.point(Image.new("RGB", (90, 70)), "cup", SamplingParams(max_objects=3))
    assert (len(list(one)), one.finish_reason) == (1, FinishReason.LENGTH)
    assert len(list(many)) > 1


def test_what_was_thought_is_kept_beside_the_answer(model: Model):
    answer = model.query(Image.new("RGB", (90, 70)), "Why?", SHORT, is_reasoning=True)
    "".join(answer)
    assert answer.reasoning is not None
    assert answer.reasoning.text


def test_answer_that_was_left_early_has_no_end(model: Model):
    answer = model.query(Image.new("RGB", (90, 70)), "What is it?")
    next(answer)
    answer.close()
    assert list(answer) == []
    assert answer.finish_reason is None


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The tiling of every picture that is looked at from now on."""
    looks: list[tuple[int, int]] = []
    merge = VisionEncoder.merge

    def count(vision: VisionEncoder, features: torch.Tensor, tiling: tuple[int, int]) -> Any:
        looks.append(tiling)
        return merge(vision, features, tiling)

    monkeypatch.setattr(VisionEncoder, "merge", count)
    return looks


def test_second_question_about_a_frame_costs_no_look(model: Model, monkeypatch):
    """What was encoded stays: only the first of these questions runs the vision encoder."""
    looks = count_looks(monkeypatch)
    picture = Image.new("RGB", (91, 71), (9, 9, 9))
    first = "".join(model.query(picture, "What is it?", SHORT))
    assert "".join(model.query(picture, "What is it?", SHORT)) == first
    assert len(looks) == 1


def test_encoded_picture_is_looked_at_once_for_every_skill(model: Model, monkeypatch):
    looks = count_looks(monkeypatch)
    picture = model.encode(Image.new("RGB", (92, 72), (40, 200, 40)))
    assert len(looks) == 1
    "".join(model.query(picture, "What is it?", SHORT))
    "".join(model.caption(picture, "short", SHORT))
    list(model.detect(picture, "cup", SamplingParams(max_objects=1)))
    list(model.point(picture, "cup", SamplingParams(max_objects=1)))
    assert len(looks) == 1


@pytest.mark.parametrize("question", ["What is it?", "What colour is it?"])
def test_encoded_picture_is_answered_as_the_picture_itself(folder: Path, model: Model, question):
    picture = _png(Image.radial_gradient("L").resize((93, 73)))
    with load_model(Settings(model=str(folder), max_prefix_bytes=1)) as forgetful:
        expected = "".join(forgetful.query(picture, question, SHORT))
    assert "".join(model.query(model.encode(picture), question, SHORT)) == expected


def test_encoded_picture_that_is_no_longer_held_is_looked_at_again(folder: Path, monkeypatch):
    """Memory bounds what is held; whoever has encoded a picture need not know."""
    with load_model(Settings(model=str(folder), max_prefix_bytes=1)) as forgetful:
        "".join(forgetful.query(None, "Ready?", SHORT))
        looks = count_looks(monkeypatch)
        picture = forgetful.encode(Image.new("RGB", (94, 74)))
        first = "".join(forgetful.query(picture, "What is it?", SHORT))
        assert "".join(forgetful.query(picture, "What is it?", SHORT)) == first
        assert len(looks) == 3


def test_encoding_what_is_no_picture_or_is_damaged_fails_at_once(model: Model):
    whole = _png(Image.radial_gradient("L"))
    for bad in (b"hello", whole[: len(whole) // 2]):
        with pytest.raises(BadImage):
            model.encode(bad)


def test_choice_is_the_likeliest_and_comes_with_the_probability_of_each(model: Model, monkeypatch):
    looks = count_looks(monkeypatch)
    picture = model.encode(Image.new("RGB", (96, 76), (200, 200, 40)))
    answer = model.choose(picture, "Is it red?", ["yes", "no", "no idea"])
    assert answer.choice == ["yes", "no", "no idea"][np.argmax(answer.probabilities)]
    assert len(answer.probabilities) == 3
    assert sum(answer.probabilities) == pytest.approx(1)
    again = model.choose(picture, "Is it red?", ("no idea", "yes", "no"))
    assert again.choice == answer.choice
    assert again.probabilities[1:] == pytest.approx(answer.probabilities[:2], abs=1e-4)
    assert len(looks) == 1


def test_choice_is_made_without_a_picture_and_about_places(model: Model):
    assert model.choose(None, "Is a lamp a cup?", ["yes", "no"]).choice in ("yes", "no")
    picture = Image.new("RGB", (90, 70))
    assert model.choose(picture, "And here?", ["yes", "no"], spatial_refs=[(0.5, 0.5)]).choice


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (None, "list of 2 to 16 texts; this has 0"),
        (["yes"], "list of 2 to 16 texts; this has 1"),
        ("yes", "list of 2 to 16 texts"),
        (["yes", "Yes "], "are the same"),
        (["yes", "x" * 41], "41 characters"),
    ],
)
def test_choices_that_cannot_be_compared_are_refused_in_words(door: Model, choices, sentence):
    with pytest.raises(BadRequest, match=sentence):
        door.choose(None, "Is it?", choices)


def test_model_that_is_closed_before_it_has_chosen_says_so(door: Model):
    with pytest.raises(Closing, match="before it had chosen"):
        door.choose(None, "Is it?", ["yes", "no"])


def test_bytes_that_are_no_picture_are_refused(model: Model):
    with pytest.raises(BadImage):
        next(model.query(b"hello", "What is it?"))


def test_leaving_the_loop_early_stops_the_model(model: Model):
    pieces = model.query(Image.new("RGB", (90, 70)), "What is it?")
    next(pieces)
    pieces.close()
    "".join(model.query(Image.new("RGB", (90, 70)), "And now?", SHORT))


def test_status_goes_from_finding_over_reading_to_ready(folder: Path):
    told: list[Status] = []
    with load_model(str(folder)) as model:
        model.watch(told.append)
        "".join(model.query(None, "Ready?", SHORT))
    stages = [each.progress.stage for each in told if each.progress]
    assert stages == sorted(stages, key=["finding", "reading", "warming"].index)
    assert told[-1].state is ModelState.READY
    assert (told[-1].model, told[-1].device) == (folder.name, "cpu")


def test_damaged_checkpoint_fails_with_its_reason(folder: Path, tmp_path: Path):
    copy = Path(shutil.copytree(folder, tmp_path / "damaged"))
    (copy / "model.safetensors").write_bytes(b"not tensors")
    with load_model(str(copy)) as model, pytest.raises(ModelFailed, match=r"model\.safetensors"):
        "".join(model.query(None, "Ready?"))
    assert isinstance(model.failure, StartRefused)


@pytest.mark.parametrize("allocate", [lambda: torch.empty(2**58), lambda: bytearray(2**60)])
@pytest.mark.parametrize("method", ["feed", "encode_crops"])
def test_answer_that_runs_out_of_memory_fails_alone(model: Model, monkeypatch, method, allocate):
    """The errors are real: torch and Python refuse what no computer has."""
    asked = Image.effect_noise((95, 75), 50), "What is it?", SHORT
    with monkeypatch.context() as patch:
        patch.setattr(Network, method, lambda *_: allocate())
        with pytest.raises(OutOfMemory, match="out of memory"):
            "".join(model.query(*asked))
    "".join(model.query(*asked))


def test_unknown_checkpoint_is_refused_at_once():
    with pytest.raises(StartRefused, match="no checkpoint folder"):
        load_model("/no/such/folder")


def test_missing_device_is_refused_with_the_one_that_works():
    if torch.cuda.is_available():
        pytest.skip("this computer has a CUDA device")
    with load_model(Settings(model="demo", device="cuda")) as model:
        with pytest.raises(ModelFailed, match="--device cpu"):
            "".join(model.query(None, "Ready?"))
        assert isinstance(model.failure, StartRefused)


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_door_stands_before_any_model_that_keeps_the_contract():
    backend = EchoModel(Settings())
    backend.watch(lambda status: None)
    with Model(backend, Settings().frame_limits) as model:
        assert "".join(model.query(None, "a red mug")) == "a red mug "
        assert model.status.model == "echo"


def test_every_skill_has_a_method():
    assert [each for each in Skill if not hasattr(Model, METHODS.get(each, each))] == []


def test_other_servers_answer_where_some_are_named():
    with chat_server("gemma", "llava") as chat, load_model("llava", upstream=chat.url) as model:
        assert "".join(model.query(None, "What is it?")) == "A mug."
        assert [step.what for step in model.check()][:2] == ["reached", "key"]
        assert model.status.upstream.models == ("gemma", "llava")
    assert {body["model"] for body in chat.bodies} == {"llava"}


def test_what_is_no_address_of_a_server_is_refused():
    with pytest.raises(ValueError, match="no web address"):
        load_model(upstream="ftp://api.example.com")
