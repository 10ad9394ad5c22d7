"""A turn becomes network calls, and what cannot be done is told in words before work begins."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.runner import Runner, warm_up_size
from engine.sequence import Sequence, State
from moondream2.config import Config, VisionConfig
from moondream2.crops import blank_picture, make_crops
from moondream2.weights import load_checkpoint
from protocol.answer import FinishReason
from protocol.errors import BadImage, BadRequest, OutOfMemory, StartRefused, Unsupported
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.pieces import Chosen, Piece
from protocol.request import SamplingParams, Skill
from tests.checkpoint_folders import PARITY, copy_reference
from tests.fakes import Inbox, make_request

FRAME = check_frame((PARITY / "pictures" / "kiosk.png").read_bytes(), FrameLimits(2**23, 2**24))
ONE_OBJECT = SamplingParams(max_objects=1)


def load(folder: Path, max_prefix_bytes: int = 2**30) -> Runner:
    network, tokenizer = load_checkpoint(folder, device=torch.device("cpu"), dtype=torch.float32)
    return Runner(network, tokenizer, n_rows=2, max_prefix_bytes=max_prefix_bytes)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return load(copy_reference(tmp_path_factory.mktemp("tiny")))


def admitted(skill: Skill = Skill.QUERY, frame: Frame | None = FRAME, **fields) -> Sequence:
    """A sequence as the scheduler gives it a row."""
    request = make_request(skill=skill, frame=frame, **fields)
    return Sequence(request, Inbox().put, state=State.BEGINNING, row=0)


def begun(runner: Runner, sequence: Sequence) -> Sequence:
    for _ in runner.begin(sequence):
        pass
    return sequence


def test_sequence_is_read_then_begins_then_decodes(runner: Runner):
    sequence, states = admitted(), []
    for _ in runner.begin(sequence):
        states.append(sequence.state)
    assert [*dict.fromkeys([*states, sequence.state])][-2:] == [State.BEGINNING, State.DECODING]
    assert set(states) <= {State.READING, State.BEGINNING}


def test_usage_counts_image_prompt_and_written_tokens(runner: Runner):
    with_frame, without = begun(runner, admitted()), begun(runner, admitted(frame=None))
    prefix = runner._network.config.prefix_length
    # Without a picture the prompt starts with a token of its own.
    assert with_frame.usage.prompt_tokens == without.usage.prompt_tokens - 1 + prefix
    runner.step([without])
    runner.take(without)
    assert without.usage.completion_tokens == 1


def test_look_ends_when_its_frame_is_known_and_writes_nothing(runner: Runner):
    sequence = begun(runner, admitted(Skill.LOOK))
    assert runner.take(sequence) == ([], FinishReason.STOP)
    assert FRAME.digest in runner._prefixes


def test_known_frame_is_not_opened_again(runner: Runner):
    begun(runner, admitted(Skill.LOOK))
    again = admitted()
    runner.prepare(again)
    assert again.crops is None
    assert State.READING not in [again.state for _ in runner.begin(again)]


@pytest.mark.parametrize("n_words", [500, 2000])
def test_question_that_has_no_room_is_refused_before_its_frame_is_opened(runner, n_words):
    sequence = admitted(question="why " * n_words)
    with pytest.raises(BadRequest, match="fewer words"):
        begun(runner, sequence)
    assert sequence.crops is None


def answered(runner: Runner, sequence: Sequence) -> tuple[list[Piece], FinishReason]:
    """What comes of a sequence that has begun, and why it ends."""
    pieces, reason = runner.take(sequence)
    while reason is None:
        runner.step([sequence])
        more, reason = runner.take(sequence)
        pieces += more
    return pieces, reason


def test_choices_are_answered_by_one_of_them_and_the_probability_of_each(runner: Runner):
    sequence = begun(runner, admitted(choices=("yes", " No")))
    (chosen,), reason = answered(runner, sequence)
    assert (type(chosen), reason) == (Chosen, FinishReason.STOP)
    assert chosen.text == ("yes", " No")[chosen.probabilities.index(max(chosen.probabilities))]
    assert len(chosen.probabilities) == 2
    assert sum(chosen.probabilities) == pytest.approx(1)


def test_choices_do_not_depend_on_how_answers_are_drawn(runner: Runner):
    """Each comes to the same end under any sampling, and none is cut off."""
    drawn = SamplingParams(max_tokens=1, temperature=2, top_p=1, seed=5)
    asked = {"choices": ("yes", "no", "red car")}
    sequences = [admitted(**asked), admitted(**asked, sampling=drawn)]
    plain, other = (answered(runner, begun(runner, each)) for each in sequences)
    assert plain == other


def test_question_leaves_room_for_its_longest_choice_or_is_refused(runner: Runner):
    # Four bytes each, and the space in front.
    choices, n_longest = ("yes", "🙂" * 10), 41
    n_asked = runner._cache.max_context - n_longest - len(prompt_of(runner, ""))
    (chosen,), _ = answered(runner, begun(runner, bare("x" * n_asked, choices)))
    assert chosen.text in choices
    with pytest.raises(BadRequest, match="with its longest choice is too long"):
        begun(runner, bare("x" * (n_asked + 1), choices))


def bare(question: str, choices: tuple[str, ...]) -> Sequence:
    return admitted(frame=None, question=question, choices=choices)


def prompt_of(runner: Runner, question: str) -> list:
    return runner._plans._prompts.query(question, with_picture=False)


def test_answer_to_a_schema_is_json_that_fits_it(runner: Runner):
    sequence = begun(runner, admitted(json_schema='{"enum":[{"a":[1,true]}]}'))
    pieces, reason = answered(runner, sequence)
    assert ("".join(each.text for each in pieces), reason) == (
        '{"a": [1, true]}',
        FinishReason.STOP,
    )


@pytest.mark.parametrize("frame", [None, FRAME], ids=["without a picture", "with one"])
def test_schema_that_cannot_be_used_is_refused_before_anything_is_written(runner, frame):
    sequence = admitted(frame=frame, json_schema='{"type":"objekt"}')
    with pytest.raises(BadRequest, match=r"^The JSON schema cannot be used: .*objekt\.$"):
        begun(runner, sequence)
    assert not sequence.is_decoding


def test_schema_is_compiled_while_others_step(runner: Runner):
    sequence, states = admitted(frame=None, json_schema=json.dumps({"enum": [*range(9000)]})), []
    for _ in runner.begin(sequence):
        states.append(sequence.state)
    assert set(states) == {State.READING}
    assert sequence.is_decoding


def test_schema_that_becomes_too_complex_is_told_when_it_does(runner: Runner):
    items = [{"type": "array", "items": {"type": "string", "maxLength": n}} for n in range(1000)]
    sequence = begun(runner, admitted(json_schema=json.dumps({"anyOf": items})))
    with pytest.raises(BadRequest, match=r"^The JSON schema cannot be used: .*max is 2000"):
        answered(runner, sequence)


def test_damaged_picture_is_refused_when_it_is_opened(runner: Runner):
    damaged = replace(FRAME, data=FRAME.data[: len(FRAME.data) // 2])
    with pytest.raises(BadImage, match="damaged"):
        begun(runner, admitted(frame=damaged))


def test_objects_are_bounded_by_what_was_asked(runner: Runner):
    for skill in (Skill.DETECT, Skill.POINT):
        sequence = begun(runner, admitted(skill, object="cup", sampling=ONE_OBJECT))
        pieces, reason = [], None
        while reason is None:
            more, reason = runner.take(sequence)
            pieces += more
            runner.step([sequence] if reason is None else [])
        assert len(pieces) <= 1


def test_exhausted_memory_is_told_and_what_frames_hold_is_given_back(runner, monkeypatch):
    """The error is real: torch refuses what no computer has."""
    begun(runner, admitted(Skill.LOOK))
    with monkeypatch.context() as patch:
        patch.setattr(runner._network, "feed", lambda *_: torch.empty(2**58))
        with pytest.raises(OutOfMemory, match="--max-running") as told:
            begun(runner, admitted())
    assert told.value.code == "out_of_memory"
    assert FRAME.digest not in runner._prefixes


@pytest.mark.parametrize(
    ("skill", "fields", "sentence"),
    [
        (Skill.QUERY, {}, "This model cannot query."),
        (Skill.CAPTION, {}, "This model writes no normal captions."),
        (Skill.DETECT, {"object": "cup"}, "This model cannot detect."),
        (Skill.POINT, {"object": "cup"}, "This model cannot point."),
    ],
)
def test_skill_that_a_checkpoint_lacks_is_refused_in_words(lacking, skill, fields, sentence):
    """It answered "Something went wrong" and logged a traceback."""
    with pytest.raises(Unsupported, match=sentence):
        begun(lacking, admitted(skill, **fields))


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A checkpoint without a template for any skill; it warms up all the same."""
    folder = copy_reference(tmp_path_factory.mktemp("lacking"))
    config = json.loads((folder / "config.json").read_text())
    config["tokenizer"]["templates"] = dict.fromkeys(("query", "caption", "detect", "point"))
    (folder / "config.json").write_text(json.dumps(config))
    runner = load(folder)
    runner.warm_up()
    return runner


@pytest.mark.parametrize("device", ["cuda", "mps"])
@pytest.mark.parametrize(
    "config",
    [
        VisionConfig(),
        VisionConfig(crop_size=1400),
        Config.from_file(PARITY / "config.json").vision,
    ],
    ids=["published", "large", "tiny"],
)
def test_gpu_is_warmed_up_with_a_frame_in_tiles(config: VisionConfig, device: str):
    """A Mac could not do tiles, and said so at the first question only."""
    _, tiling = make_crops(blank_picture(warm_up_size(config, device)), config)
    assert tiling > (1, 1)


def test_cpu_is_not_made_to_wait_for_tiles():
    _, tiling = make_crops(blank_picture(warm_up_size(VisionConfig(), "cpu")), VisionConfig())
    assert tiling == (1, 1)


def test_device_that_cannot_compute_the_model_is_told_at_the_start(runner: Runner):
    """torch's "meta" is a real device that cannot give a number back."""
    network = copy.deepcopy(runner._network).to("meta")
    network.text.rotary = network.text.rotary.to("meta")
    unable = Runner(network, runner._skills._tokenizer, n_rows=1, max_prefix_bytes=0)
    with pytest.raises(StartRefused, match=r"^This computer's meta cannot .* --device cpu\.$"):
        unable.warm_up()
