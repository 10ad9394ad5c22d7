"""The comparison of two networks on a tiny checkpoint, with a stand-in for the reference."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.network import ROWS, compare, main, same_ids
from tests.server import make_checkpoint

SIZES = ["--device", "cpu", "--tokens", "3", "--no-tiles"]

# What the driver calls of the reference, answering token 30 whatever it is shown.
STAND_IN = {
    "moondream/__init__.py": "",
    "moondream/torch/__init__.py": "",
    "moondream/torch/image_crops.py": "overlap_crop_image = None",
    "moondream/torch/weights.py": "def load_weights_into_model(path, model): pass",
    "moondream/torch/moondream.py": """
from tokenizers import Tokenizer

class MoondreamConfig:
    from_dict = classmethod(lambda cls, values: values)

class MoondreamModel:
    def __init__(self, config, dtype):
        self.tokenizer = Tokenizer.from_pretrained("a name of the hub")
    def to(self, device): pass
    def _run_vision_encoder(self, picture): pass
    def encode_image(self, picture): return "encoded"
    def query(self, encoded, question, settings):
        assert encoded == "encoded" and self.tokenizer.encode(question).ids
        ids = []
        for _ in range(settings["max_tokens"]):
            ids.append(30)
            self.tokenizer.decode(ids)
        self.tokenizer.decode(ids)
""",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    for name, text in STAND_IN.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run_bench(*arguments: str) -> list[str]:
    """What `python -m bench.network` prints; each side runs in a process of its own."""
    done = CliRunner().invoke(main, [*arguments, *SIZES], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout.splitlines()


def test_bench_compares_every_row_with_both_forms_of_the_reference(
    checkpoint: Path, reference: Path
):
    lines = run_bench("--reference", str(reference), "--checkpoint", str(checkpoint))
    document = json.loads(lines[-1])
    assert [row["row"] for row in document["rows"]] == [
        name for name in ROWS if name != "encode 640x480"
    ]
    for row in document["rows"]:
        assert row["ratio_bfloat16"] > 0
        assert row["ratio_float32"] > 0
    assert document["ids_equal"] is False
    assert not [line for line in lines if str(reference) in line or str(checkpoint) in line]


def test_bench_without_a_reference_tells_ours_as_multiples_of_the_floor(checkpoint: Path):
    document = json.loads(run_bench("--checkpoint", str(checkpoint))[-1])
    assert all(row["over_floor"] > 0 for row in document["rows"] if row["row"] != "load")


def test_ratio_above_one_says_that_ours_is_faster():
    figures = {theirs: 3.0 for _, theirs in ROWS.values()}
    ours = {mine: 2.0 for mine, _ in ROWS.values()}
    rows = compare(ours, {"bfloat16": figures}, {"load": 1.0})
    assert {row["ratio_bfloat16"] for row in rows} == {1.5}
    assert rows[0]["over_floor"] == 2.0


@pytest.mark.parametrize(
    ("dtype", "reference", "expected"),
    [
        ("float32", {"ids": [1, 2], "kept_ids": [3]}, True),
        ("float32", {"ids": [1, 2], "kept_ids": [4]}, False),
        ("float32", None, None),
        ("bfloat16", {"ids": [1, 2], "kept_ids": [3]}, None),
    ],
)
def test_ids_are_compared_in_float32_only(
    dtype: str, reference: dict | None, expected: bool | None
):
    ours = {"dtype": dtype, "ids": [1, 2], "kept_ids": [3]}
    assert same_ids(ours, reference) is expected
