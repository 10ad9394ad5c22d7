"""Every size and control id of one checkpoint, read from its config.json."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar


class ConfigRejected(ValueError):
    """The configuration names a field or a size that no network can be built from."""


@dataclass(frozen=True)
class TextConfig:
    """Sizes of the text decoder; the defaults are the published moondream2."""

    dim: int = 2048
    ff_dim: int = 8192
    n_layers: int = 24
    vocab_size: int = 51200
    max_context: int = 2048
    n_heads: int = 32
    n_kv_heads: int = 32

    @property
    def head_dim(self) -> int:
        return self.dim // self.n_heads

    @property
    def rotary_dim(self) -> int:
        """The leading part of each head that is rotated by position."""
        return self.head_dim // 2


@dataclass(frozen=True)
class VisionConfig:
    """Sizes of the vision encoder, the cropper and the projection."""

    enc_dim: int = 1152
    enc_patch_size: int = 14
    enc_n_layers: int = 27
    enc_ff_dim: int = 4304
    enc_n_heads: int = 16
    proj_out_dim: int = 2048
    crop_size: int = 378
    in_channels: int = 3
    max_crops: int = 12
    overlap_margin: int = 4
    proj_inner_dim: int = 8192

    @property
    def grid_size(self) -> int:
        """Patches along one side of a crop."""
        return self.crop_size // self.enc_patch_size

    @property
    def n_image_tokens(self) -> int:
        return self.grid_size**2

    @property
    def patch_dim(self) -> int:
        return self.in_channels * self.enc_patch_size**2

    @property
    def margin_px(self) -> int:
        """The border that neighbouring tiles share, on each side."""
        return self.overlap_margin * self.enc_patch_size

    @property
    def window_px(self) -> int:
        """What one tile adds to the picture, its margins left out."""
        return (self.grid_size - 2 * self.overlap_margin) * self.enc_patch_size


@dataclass(frozen=True)
class RegionConfig:
    """Sizes of the heads that read and write coordinates and sizes."""

    dim: int = 2048
    coord_feat_dim: int = 256
    coord_out_dim: int = 1024
    size_feat_dim: int = 512
    size_out_dim: int = 2048
    inner_dim: int = 8192


@dataclass(frozen=True)
class Template:
    """Token ids around what a person typed."""

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]


_CAPTIONS: dict[str, tuple[int, ...]] = {
    "short": (1, 32708, 2, 12492, 3),
    "normal": (1, 32708, 2, 6382, 3),
    "long": (1, 32708, 2, 4059, 3),
}


@dataclass(frozen=True)
class Templates:
    """How each skill is asked for; None where the checkpoint lacks the skill."""

    caption: dict[str, tuple[int, ...]] | None = field(default_factory=_CAPTIONS.copy)
    query: Template | None = Template((1, 15381, 2), (3,))
    detect: Template | None = Template((1, 7235, 476, 2), (3,))
    point: Template | None = Template((1, 2581, 2), (3,))


@dataclass(frozen=True)
class TokenizerConfig:
    """Control ids and prompt templates."""

    bos_id: int = 0
    eos_id: int = 0
    answer_id: int = 3
    thinking_id: int = 4
    coord_id: int = 5
    size_id: int = 6
    start_ground_points_id: int = 7
    end_ground_id: int = 9
    templates: Templates = field(default_factory=Templates)

    @property
    def all_ids(self) -> list[int]:
        """Every token id named here."""
        templates = self.templates
        parts = [each for each in (templates.query, templates.detect, templates.point) if each]
        return [
            *(self.bos_id, self.eos_id, self.answer_id, self.thinking_id, self.coord_id),
            *(self.size_id, self.start_ground_points_id, self.end_ground_id),
            *(id for part in parts for id in (*part.prefix, *part.suffix)),
            *(id for ids in (templates.caption or {}).values() for id in ids),
        ]


@dataclass(frozen=True)
class Config:
    """One checkpoint. `Config()` is the published moondream2 of 2025-06-21."""

    text: TextConfig = field(default_factory=TextConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    region: RegionConfig = field(default_factory=RegionConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)

    @property
    def prefix_length(self) -> int:
        """Positions of the image prefix: BOS and one per image token."""
        return 1 + self.vision.n_image_tokens

    @classmethod
    def from_file(cls, path: Path) -> "Config":
        """Read a config.json; a file without sizes means the published ones.

        Raises ConfigRejected with a sentence that names the file.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigRejected(f"{path} cannot be used: {error}") from error

    @classmethod
    def from_dict(cls, values: dict) -> "Config":
        """Build a config from a config.json's nested fields; missing ones keep their default."""
        tokenizer = dict(values.get("tokenizer", {}))
        if "templates" in tokenizer:
            tokenizer["templates"] = _templates(tokenizer["templates"])
        config = cls(
            _sizes(TextConfig, values.get("text", {})),
            _sizes(VisionConfig, values.get("vision", {})),
            _sizes(RegionConfig, values.get("region", {})),
            TokenizerConfig(**_known(TokenizerConfig, tokenizer)),
        )
        _check(config)
        return config


Sizes = TypeVar("Sizes", TextConfig, VisionConfig, RegionConfig)

# Fields of the reference's own config that nothing reads, or that say what is derived here.
_IGNORED = {"prefix_attn", "group_size"}


def _known(kind: type, values: dict) -> dict:
    names = {each.name for each in fields(kind)}
    unknown = sorted(set(values) - names - _IGNORED)
    if unknown:
        raise ConfigRejected(f"{kind.__name__} has no field {', '.join(unknown)}")
    return {name: value for name, value in values.items() if name in names}


def _sizes(kind: type[Sizes], values: dict) -> Sizes:
    known = _known(kind, values)
    wrong = [
        name
        for name, value in known.items()
        if type(value) is not int or value < (0 if name == "overlap_margin" else 1)
    ]
    if wrong:
        raise ConfigRejected(f"{', '.join(wrong)} must be positive whole numbers")
    return kind(**known)


def _templates(values: dict) -> Templates:
    def template(name: str) -> Template | None:
        parts = values.get(name)
        return Template(tuple(parts["prefix"]), tuple(parts["suffix"])) if parts else None

    caption = values.get("caption")
    return Templates(
        {length: tuple(ids) for length, ids in caption.items()} if caption else None,
        *(template(name) for name in ("query", "detect", "point")),
    )


def _check(config: Config) -> None:
    text, vision, region = config.text, config.vision, config.region
    rules = {
        "text.dim must be a multiple of n_heads": text.dim % text.n_heads == 0,
        "n_heads must be a multiple of n_kv_heads": text.n_heads % text.n_kv_heads == 0,
        "half a text head must be even": text.head_dim % 4 == 0,
        "enc_dim must be a multiple of enc_n_heads": vision.enc_dim % vision.enc_n_heads == 0,
        "crop_size must be a multiple of enc_patch_size": vision.crop_size % vision.enc_patch_size
        == 0,
        "overlap_margin leaves no window": vision.window_px > 0,
        "proj_out_dim and region.dim must equal text.dim": vision.proj_out_dim
        == region.dim
        == text.dim,
        "max_context has no room for a picture": text.max_context > config.prefix_length,
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ConfigRejected("; ".join(broken))
