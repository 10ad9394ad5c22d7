"""What else a checkpoint may be: other networks and other number formats, told by their names."""

import json
import re

MOONDREAM3 = "Moondream 3, a larger network than moondream2"
# The first of these that a tensor's name fits says what its file holds.
KINDS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"\.weight\.(packed|zero_point|scale)$", "4-bit weights"),
        (r"\.(qweight|qzeros|g_idx)$", "quantised weights (GPTQ or AWQ)"),
        (
            r"\.((nested_)?absmax|(nested_)?quant_map|SCB|weight_format)$|\.quant_state\.",
            "quantised weights (bitsandbytes)",
        ),
        (
            r"\.(weight_(packed|scale|scale_inv|zero_point|shape)|(input|output)_scale|scales)$",
            "quantised weights",
        ),
        (r"(^|\.)lora_[A-Za-z]", "a LoRA adapter, not a whole network"),
        (r"text\.blocks\.\d+\.(moe\.|mlp\.(router|experts)\.|(attn\.)?tau[._])", MOONDREAM3),
        (r"^((language_)?model\.)*layers\.\d+\.self_attn\.", "a network built on Llama's kind"),
        (r"^(transformer\.)?h\.\d+\.(attn|mlp)\.c_", "a network built on GPT-2's kind"),
        (r"^(vision_model|text_model)\.(encoder|embeddings)\.", "a SigLIP or CLIP alone"),
        (r"^((visual|trunk)\.)*blocks\.\d+\.(attn|mlp)\.", "a vision encoder alone"),
    )
)
# What only a config.json of this network is divided into.
SECTIONS = {"text", "vision", "region"}
OURS, MOONDREAM3_TYPE = "moondream", "moondream3"
MAX_SHOWN_CHARS, MAX_NAME_CHARS = 40, 80


def kind_of_config(values: object) -> str | None:
    """What else a config.json describes, by its own words; None where it may be moondream2."""
    if not isinstance(values, dict):
        return None
    quantised = values.get("quantization_config")
    if isinstance(quantised, dict):
        return f"quantised weights ({shown(quantised.get('quant_method'))})"
    listed = values.get("architectures")
    names = [values.get("model_type"), *(listed if isinstance(listed, list) else [])]
    named = " ".join(name for name in names if isinstance(name, str))
    if MOONDREAM3_TYPE in named.lower():
        return MOONDREAM3
    is_ours = OURS in named.lower() or values.keys() >= SECTIONS
    return shown(named, MAX_NAME_CHARS) if named and not is_ours else None


def kind_of_tensors(names: set[str]) -> str | None:
    """What else a weights file holds, by the names in it; None where they do not tell."""
    found = (kind for pattern, kind in KINDS if any(map(pattern.search, names)))
    return next(found, None)


def shown(value: object, n_chars: int = MAX_SHOWN_CHARS) -> str:
    """A value of a JSON file in few characters on one line."""
    if type(value) is int and abs(value) > 10**n_chars:
        return "a huge number"
    text = json.dumps(value)
    return text if len(text) <= n_chars else f"{text[:n_chars]}…"
