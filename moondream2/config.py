"""Every size and control id of one checkpoint, read from its config.json."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from moondream2.disk import why_unreadable
from moondream2.kinds import kind_of_config, shown

# The files of a checkpoint folder.
CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"

# A size beyond this many times the published one is a slip of the pen, and allocating it would
# bring the computer to a standstill.
MAX_TIMES_PUBLISHED = 16


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

    @property
    def prompts(self) -> list[tuple[int, ...]]:
        """Every prompt without a person's words; a query's suffix may stand twice."""
        parts = [each for each in (self.query, self.detect, self.point) if each]
        return [*(each.prefix + 2 * each.suffix for each in parts), *(self.caption or {}).values()]


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
    def control_ids(self) -> dict[str, int]:
        """The ids that are no words, by name."""
        return {name: id for name, id in vars(self).items() if name != "templates"}

    @property
    def all_ids(self) -> list[int]:
        """Every token id named here, some of them more than once."""
        return [*self.control_ids.values(), *(id for ids in self.templates.prompts for id in ids)]


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
            values = json.loads(path.read_text(encoding="utf-8"))
            if (kind := kind_of_config(values)) is not None:
                raise ConfigRejected(f"it describes {kind}, not moondream2")
            return cls.from_dict(values)
        except OSError as error:
            raise ConfigRejected(why_unreadable(path, error)) from error
        except (ValueError, RecursionError) as error:
            raise ConfigRejected(f"{path} cannot be used: {error}.") from error

    @classmethod
    def from_dict(cls, values: object) -> "Config":
        """Build a config from a config.json's nested fields; missing ones keep their default.

        values: anything that JSON can hold. Raises ConfigRejected and nothing else.
        """
        config = cls(
            _sizes(TextConfig, values, "text"),
            _sizes(VisionConfig, values, "vision"),
            _sizes(RegionConfig, values, "region"),
            _tokenizer(_section(values, "tokenizer")),
        )
        _check(config)
        return config


Sizes = TypeVar("Sizes", TextConfig, VisionConfig, RegionConfig)

# Fields of the reference's own config that nothing reads, or that say what is derived here.
_IGNORED = {"prefix_attn", "group_size"}


def _section(values: object, name: str) -> dict:
    section = values.get(name, {}) if isinstance(values, dict) else None
    if not isinstance(section, dict):
        raise ConfigRejected(f"{name} must be an object with named fields")
    return section


def _known(kind: type, values: dict, section: str) -> dict:
    names = {each.name for each in fields(kind)}
    unknown = sorted(values.keys() - names - _IGNORED)
    if unknown:
        raise ConfigRejected(f"{section} has a field {shown(unknown[0])}, which is not known")
    return {name: value for name, value in values.items() if name in names}


def _sizes(kind: type[Sizes], values: object, section: str) -> Sizes:
    known = _known(kind, _section(values, section), section)
    published = kind()
    for name, value in known.items():
        low = 0 if name == "overlap_margin" else 1
        high = MAX_TIMES_PUBLISHED * getattr(published, name)
        # True is an int to Python.
        if type(value) is not int or not low <= value <= high:
            raise ConfigRejected(
                f"{section}.{name} is {shown(value)}; it must be a whole number from {low} to"
                f" {high}"
            )
    return kind(**known)


def _tokenizer(values: dict) -> TokenizerConfig:
    known = _known(TokenizerConfig, values, "tokenizer")
    if "templates" in known:
        known["templates"] = _templates(_section(known, "templates"))
    for name, id in known.items():
        if name != "templates":
            _ids([id], f"tokenizer.{name}")
    return TokenizerConfig(**known)


def _templates(values: dict) -> Templates:
    """Read the templates; a skill that is null or not named is missing."""
    known = _known(Templates, values, "templates")

    def template(skill: str) -> Template | None:
        if known.get(skill) is None:
            return None
        parts = _known(Template, _section(known, skill), skill)
        return Template(
            *(_ids(parts.get(part), f"{skill}.{part}") for part in ("prefix", "suffix"))
        )

    lengths = {} if known.get("caption") is None else _section(known, "caption")
    caption = {length: _ids(ids, "caption") for length, ids in lengths.items()}
    return Templates(caption or None, template("query"), template("detect"), template("point"))


def _ids(values: object, name: str) -> tuple[int, ...]:
    """Token ids; whether the model knows them is for its vocabulary to say."""
    if not isinstance(values, list | tuple) or not values:
        raise ConfigRejected(f"{name} is {shown(values)}; it must be a list of token ids")
    for id in values:
        if type(id) is not int or not 0 <= id < MAX_TIMES_PUBLISHED * TextConfig.vocab_size:
            raise ConfigRejected(f"{name} names {shown(id)}, which is no token id")
    return tuple(values)


def _check(config: Config) -> None:
    text, vision, region = config.text, config.vision, config.region
    patch_size, room = vision.enc_patch_size, text.max_context - config.prefix_length
    n_prompt = max(map(len, config.tokenizer.templates.prompts), default=0)
    rules = {
        "text.dim must be a multiple of n_heads": text.dim % text.n_heads == 0,
        "n_heads must be a multiple of n_kv_heads": text.n_heads % text.n_kv_heads == 0,
        "half a text head must be even": text.head_dim % 4 == 0,
        "enc_dim must be a multiple of enc_n_heads": vision.enc_dim % vision.enc_n_heads == 0,
        "crop_size must be a multiple of enc_patch_size": vision.crop_size % patch_size == 0,
        "in_channels must be 3, as pictures are RGB": vision.in_channels == 3,
        "overlap_margin leaves no window": vision.window_px > 0,
        "coord_feat_dim must be even": region.coord_feat_dim % 2 == 0,
        "size_feat_dim must be even": region.size_feat_dim % 2 == 0,
        "size_out_dim must be even": region.size_out_dim % 2 == 0,
        "size_out_dim must be above 2": region.size_out_dim > 2,
        "proj_out_dim must equal text.dim": vision.proj_out_dim == text.dim,
        "region.dim must equal text.dim": region.dim == text.dim,
        "max_context has no room for a picture and a question": room > n_prompt,
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    unknown = sorted({id for id in config.tokenizer.all_ids if id >= text.vocab_size})
    if unknown:
        broken.append(f"the token ids {unknown[:5]} are beyond text.vocab_size {text.vocab_size}")
    if broken:
        raise ConfigRejected("; ".join(broken))
