"""A config.json gives all sizes, or a sentence about what is wrong with it."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moondream2.config import Config, ConfigRejected
from moondream2.network import Network
from tests.checkpoint_folders import PARITY


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


def template(**skills: object) -> dict:
    return {"tokenizer": {"templates": skills}}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"text": {"dim": 100}}, "dim"),
        ({"text": {"depth": 3}}, "depth"),
        ({"text": {"dim": "2048"}}, "dim"),
        ({"text": {"dim": 2048.0}}, "dim"),
        ({"text": {"dim": -2048}}, "dim"),
        ({"text": {"dim": [2048]}}, "dim"),
        ({"text": {"n_layers": True}}, "n_layers"),
        ({"text": {"n_layers": None}}, "n_layers"),
        ({"text": {"n_layers": 10**6}}, "n_layers"),
        ({"text": {"n_layers": 10**999}}, "n_layers"),
        ({"text": {"vocab_size": 2**40}}, "vocab_size"),
        ({"text": {"n_heads": 0}}, "n_heads"),
        ({"text": {"max_context": 100}}, "max_context"),
        ({"text": None}, "text"),
        ({"vision": {"crop_size": 377}}, "crop_size"),
        ({"vision": {"enc_patch_size": 0}}, "enc_patch_size"),
        ({"vision": {"in_channels": 4}}, "in_channels"),
        ({"vision": {"overlap_margin": 14}}, "overlap_margin"),
        ({"vision": {"overlap_margin": -1}}, "overlap_margin"),
        ({"vision": {"proj_out_dim": 1024}}, "proj_out_dim"),
        ({"region": {"coord_feat_dim": 255}}, "coord_feat_dim"),
        ({"region": {"size_out_dim": 2}}, "size_out_dim"),
        ({"tokenizer": {"bos_id": "0"}}, "bos_id"),
        ({"tokenizer": {"bos_id": -1}}, "bos_id"),
        ({"tokenizer": {"pad_id": 0}}, "pad_id"),
        ({"tokenizer": []}, "tokenizer"),
        (template(gaze={"prefix": [1], "suffix": [3]}), "gaze"),
        (template(query=[1, 2, 3]), "query"),
        (template(query={"prefix": [1]}), "query.suffix"),
        (template(query={"prefix": [], "suffix": [3]}), "query.prefix"),
        (template(query={"prefix": [1, "15381", 2], "suffix": [3]}), "query.prefix"),
        (template(point={"prefix": [1, 2.0], "suffix": [3]}), "point.prefix"),
        (template(point={"prefix": "abc", "suffix": [3]}), "point.prefix"),
        (template(detect={"prefix": [1] * 2000, "suffix": [3]}), "max_context"),
        (template(point={"prefix": [1, 99_999, 2], "suffix": [3]}), "[99999]"),
        ({"tokenizer": {"bos_id": 51_200}}, "[51200]"),
        ({"text": {"vocab_size": 5}}, "[5, 6, 7, 9, 476]"),
        (template(caption={"short": [True]}), "caption"),
        (template(caption={"short": {}}), "caption"),
        (template(caption=3), "caption"),
        ([], "text"),
        (None, "text"),
    ],
)
def test_config_with_what_cannot_be_is_refused_and_named(values, named: str, tmp_path: Path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values))
    with pytest.raises(ConfigRejected) as refusal:
        Config.from_file(file)
    assert_one_sentence(refusal.value)
    assert "config.json" in str(refusal.value)
    assert named in str(refusal.value)


def assert_one_sentence(error: ConfigRejected) -> None:
    assert len(str(error).splitlines()) == 1
    assert len(str(error)) < 600


TINY = json.loads((PARITY / "config.json").read_text())
PLACES = [(part, name) for part, section in TINY.items() for name in section]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SECTIONS = ("text", "vision", "region", "tokenizer")
NAMED = st.fixed_dictionaries({}, optional=dict.fromkeys(SECTIONS, JSON))


def read(values: object) -> Config | None:
    """The config, None when it is refused as it should be."""
    try:
        return Config.from_dict(values)
    except ConfigRejected as error:
        assert_one_sentence(error)
        return None


@given(JSON | NAMED)
def test_any_json_is_a_config_or_one_sentence(values: object):
    read(values)


@given(st.sampled_from(PLACES), JSON | st.integers(1, 500))
def test_network_can_be_built_of_every_config_that_is_taken(place: tuple[str, str], value: object):
    """One field of a good config changes: either it is refused, or all sizes still fit."""
    part, name = place
    config = read(TINY | {part: TINY[part] | {name: value}})
    if config is not None:
        with torch.device("meta"):
            Network(config)


@given(st.binary())
def test_any_bytes_are_a_config_or_one_sentence(tmp_path_factory, data: bytes):
    file = tmp_path_factory.getbasetemp() / "config.json"
    file.write_bytes(data)
    with suppress(ConfigRejected):
        Config.from_file(file)
