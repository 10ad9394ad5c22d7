"""A config.json gives all sizes, or a sentence about what is wrong with it."""

import json
from pathlib import Path

import pytest

from moondream2.config import Config, ConfigRejected
from tests.checkpoints import PARITY


def test_config_without_sizes_is_the_published_moondream2():
    config = Config.from_dict({"model_type": "moondream1"})
    assert (config.text.dim, config.vision.grid_size, config.prefix_length) == (2048, 27, 730)


def test_config_reads_every_size_of_a_file():
    config = Config.from_file(PARITY / "config.json")
    assert (config.text.n_kv_heads, config.vision.grid_size, config.prefix_length) == (2, 5, 26)
    assert config.tokenizer.templates.query is not None


def test_config_with_a_null_template_lacks_that_skill():
    config = Config.from_dict({"tokenizer": {"templates": {"query": None}}})
    assert config.tokenizer.templates.query is None


@pytest.mark.parametrize(
    "values",
    [
        {"text": {"dim": 100}},
        {"text": {"depth": 3}},
        {"text": {"dim": "2048"}},
        {"text": {"n_heads": 0}},
        {"text": {"max_context": 100}},
        {"vision": {"crop_size": 377}},
        {"vision": {"enc_patch_size": 0}},
        {"vision": {"overlap_margin": 14}},
        {"vision": {"proj_out_dim": 1024}},
        [],
    ],
)
def test_config_with_impossible_sizes_is_refused_and_named(values: object, tmp_path: Path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values))
    with pytest.raises(ConfigRejected, match=r"config\.json"):
        Config.from_file(file)
