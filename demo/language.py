"""The tokenizer of the demo model and the configuration that goes with it."""

from random import Random
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from demo.askers import ask_off_topic
from demo.questions import ask, search
from demo.scenes import make_scene
from demo.words import CAPTION_LENGTHS, caption
from moondream2.config import Config

VOCABULARY_SIZE = 768
# Ids 0 to 20, as in the published tokenizer: the end of text and the control tokens.
CONTROL_TOKENS = ("<|endoftext|>", *(f"<|md_reserved_{number}|>" for number in range(20)))
# Words of the prompts; each should be a single token.
PROMPT_WORDS = ("caption", "query", "detect", "point", *CAPTION_LENGTHS)
WIDTH = 128
GRID_SIZE, PATCH_SIZE = 10, 14
SIZES: dict[str, dict[str, Any]] = {
    "text": {
        "dim": WIDTH,
        "ff_dim": 4 * WIDTH,
        "n_layers": 4,
        "vocab_size": VOCABULARY_SIZE,
        # Room for the picture, the longest question the page takes and an answer.
        "max_context": 2304,
        "n_heads": 4,
        "n_kv_heads": 4,
        "prefix_attn": 1 + GRID_SIZE**2,
    },
    "vision": {
        "enc_dim": WIDTH,
        "enc_patch_size": PATCH_SIZE,
        "enc_n_layers": 5,
        "enc_ff_dim": 4 * WIDTH,
        "enc_n_heads": 4,
        "proj_out_dim": WIDTH,
        "crop_size": PATCH_SIZE * GRID_SIZE,
        "in_channels": 3,
        # The whole frame is enough for shapes this large: one look per picture.
        "max_crops": 1,
        "overlap_margin": 1,
        "proj_inner_dim": 2 * WIDTH,
    },
    "region": {
        "dim": WIDTH,
        "coord_feat_dim": 128,
        "coord_out_dim": 256,
        "size_feat_dim": 128,
        "size_out_dim": 512,
        "inner_dim": 2 * WIDTH,
    },
}
CONTROL_IDS = {
    "bos_id": 0,
    "eos_id": 0,
    "answer_id": 3,
    "thinking_id": 4,
    "coord_id": 5,
    "size_id": 6,
    "start_ground_points_id": 7,
    "end_ground_id": 9,
}


def train_tokenizer() -> Tokenizer:
    """Learn a byte-level BPE, which can encode any text, from what is said about scenes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[AddedToken(token, normalized=False) for token in CONTROL_TOKENS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sentences(), trainer)
    return tokenizer


def _sentences() -> list[str]:
    random = Random(0)
    sentences = list(PROMPT_WORDS) * 1000
    for seed in range(2000):
        scene = make_scene(seed)
        for _ in range(6):
            question = ask(scene, random)
            sentences += [question.text, question.answer]
        sentences += [ask_off_topic(random), f" {search(scene, random).name}"]
        sentences += [caption(scene, length) for length in CAPTION_LENGTHS]
    return sentences


def config_values(tokenizer: Tokenizer) -> dict[str, dict[str, Any]]:
    """Return config.json: the sizes of the demo model and the ids of its prompts."""
    ids = {word: tokenizer.encode(word).ids for word in PROMPT_WORDS}
    templates: dict[str, Any] = {
        "caption": {length: [1, *ids["caption"], 2, *ids[length], 3] for length in CAPTION_LENGTHS}
    }
    for skill in ("query", "detect", "point"):
        templates[skill] = {"prefix": [1, *ids[skill], 2], "suffix": [3]}
    return {**SIZES, "tokenizer": {**CONTROL_IDS, "templates": templates}}


def make_config(tokenizer: Tokenizer) -> Config:
    """Return the configuration of the demo model."""
    return Config.from_dict(config_values(tokenizer))
