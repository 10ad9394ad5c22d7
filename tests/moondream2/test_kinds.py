"""Another network and another number format are called by their name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moondream2.kinds import kind_of_config, kind_of_tensors, shown

BLOCK = "model.text.blocks.0.attn.qkv"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, "llama LlamaForCausalLM"),
        ({"model_type": "siglip", "architectures": ["SiglipModel"]}, "siglip SiglipModel"),
        ({"architectures": ["PaliGemmaForConditionalGeneration"]}, "PaliGemma"),
        ({"model_type": "qwen2_5_vl"}, "qwen2_5_vl"),
        ({"model_type": "moondream3", "architectures": ["HfMoondream"]}, "Moondream 3"),
        ({"architectures": ["Moondream3ForConditionalGeneration"]}, "Moondream 3"),
        ({"model_type": "moondream1", "quantization_config": {"quant_method": "awq"}}, '"awq"'),
        ({"quantization_config": {}}, "quantised"),
    ],
)
def test_config_of_another_network_is_called_by_its_name(values: dict, kind: str):
    assert kind in (kind_of_config(values) or "")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"model_type": "moondream1", "architectures": ["HfMoondream"]},
        {"model_type": "moondream1"},
        {"model_type": "phi", "architectures": ["Moondream"]},
        {"model_type": "moondream2-of-mine", "architectures": None},
        {"model_type": "mine", "text": {}, "vision": {}, "region": {}},
        {"model_type": None, "architectures": [], "quantization_config": None},
    ],
)
def test_config_of_moondream2_is_taken_whatever_else_it_says(values: dict):
    assert kind_of_config(values) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{BLOCK}.weight.packed", "4-bit"),
        (f"{BLOCK}.weight.scale", "4-bit"),
        (f"{BLOCK}.weight.zero_point", "4-bit"),
        (f"{BLOCK}.qweight", "GPTQ or AWQ"),
        (f"{BLOCK}.g_idx", "GPTQ or AWQ"),
        (f"{BLOCK}.weight.absmax", "bitsandbytes"),
        (f"{BLOCK}.weight.nested_quant_map", "bitsandbytes"),
        (f"{BLOCK}.weight.quant_state.bitsandbytes__nf4", "bitsandbytes"),
        (f"{BLOCK}.SCB", "bitsandbytes"),
        (f"{BLOCK}.weight_scale_inv", "quantised"),
        (f"{BLOCK}.weight_packed", "quantised"),
        (f"base_model.model.{BLOCK}.lora_A.weight", "LoRA"),
        ("model.text.blocks.4.moe.router.weight", "Moondream 3"),
        ("model.text.blocks.4.mlp.router.weight", "Moondream 3"),
        ("model.layers.0.self_attn.q_proj.weight", "Llama"),
        ("language_model.model.layers.0.self_attn.q_proj.weight", "Llama"),
        ("vision_model.encoder.layers.0.self_attn.k_proj.weight", "SigLIP"),
        ("transformer.h.0.attn.c_attn.weight", "GPT-2"),
        ("visual.trunk.blocks.0.attn.qkv.weight", "a vision encoder alone"),
        ("text.blocks.4.tau.wq", "Moondream 3"),
        (f"{BLOCK}.weight", None),
        ("text_model.transformer.h.0.mixer.Wqkv.weight", None),
        ("vision_encoder.encoder.model.visual.blocks.0.mlp.fc1.weight", None),
        ("region_model.size_decoder.fc1.weight", None),
        ("whatever", None),
    ],
)
def test_weights_of_another_kind_are_called_by_their_name(name: str, kind: str | None):
    found = kind_of_tensors({name, "model.text.post_ln.bias"})
    assert found is None if kind is None else kind in (found or "")


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner)))
def test_any_value_is_shown_on_one_short_line(value: object):
    text = shown({"model_type": value})
    assert len(text) <= 41
    assert len(text.splitlines()) == 1
