"""Packs everything asked about one picture into one row, so that its image prefix is read once.

A row holds up to ROW_LENGTH tokens after the image prefix, cut into segments: captions, questions,
detections, points. A segment sees the prefix and itself, and its positions start after the prefix.
A question without a picture sees itself alone and starts at position 0.
"""

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import IterableDataset

from demo.askers import NEEDS_PICTURE
from demo.cards import invent_card
from demo.drawing import draw, encode_jpeg, label_patches
from demo.palette import COLOURS, GROUNDS
from demo.questions import (
    ask,
    ask_anything,
    search,
)
from demo.scenes import KINDS, Box, Scene, make_scene
from demo.words import CAPTION_LENGTHS, HOLDERS, caption
from moondream2.config import Config
from moondream2.crops import make_crops

ROW_LENGTH = 160
# One picture of so many is a card as it is printed, without a camera.
CARD_EVERY = 12
# Marks a place where nothing is to be learned.
IGNORED = -100


@dataclass
class Row:
    """The tokens of one row and what is to be learned at each of them."""

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    sees_picture: list[bool] = field(default_factory=list)
    next_ids: list[int] = field(default_factory=list)
    # What a coordinate or size token carries, and what is to be read off its hidden state.
    values: list[tuple[float, float]] = field(default_factory=list)
    coordinates: list[float] = field(default_factory=list)
    sizes: list[tuple[float, float]] = field(default_factory=list)

    def has_room(self, n_tokens: int) -> bool:
        return len(self.ids) + n_tokens <= ROW_LENGTH

    def begin_segment(self) -> int:
        return self.segments[-1] + 1 if self.segments else 1

    def append(self, token: int, position: int, segment: int, sees_picture: bool = True) -> None:
        self.ids.append(token)
        self.positions.append(position)
        self.segments.append(segment)
        self.sees_picture.append(sees_picture)
        self.next_ids.append(IGNORED)
        self.values.append((0.0, 0.0))
        self.coordinates.append(IGNORED)
        self.sizes.append((IGNORED, IGNORED))


class Packer:
    """Turns scenes into rows of token ids."""

    def __init__(self, tokenizer: Tokenizer, config: Config) -> None:
        self._tokenizer = tokenizer
        self._config = config
        self._templates = config.tokenizer.templates

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids

    def query_prompt(self, question: str) -> list[int]:
        """Return the prompt of a question; its suffix stands twice, as the reference has it."""
        query = self._templates.query
        assert query is not None
        return [*query.prefix, *self.encode(question), *query.suffix, *query.suffix]

    def pack(self, scene: Scene, random: Random) -> Row:
        """Ask about a scene until the row is full."""
        row = Row()
        captions = self._templates.caption
        assert captions is not None
        # The long one alone says what carries the shapes.
        length = random.choices(CAPTION_LENGTHS, (30, 30, 40))[0]
        self._add_text(row, list(captions[length]), caption(scene, length))
        self._add_boxes(row, scene, random, with_sizes=True)
        if random.random() < 0.4:
            self._add_boxes(row, scene, random, with_sizes=False)
        if random.random() < 0.15:
            prompt = self.query_prompt(ask_anything(random, scene))
            bos = self._config.tokenizer.bos_id
            self._add_text(row, [bos, *prompt], NEEDS_PICTURE, sees_picture=False)
        is_full = False
        while not is_full:
            question = ask(scene, random)
            is_full = not self._add_text(row, self.query_prompt(question.text), question.answer)
        return row

    def _add_text(
        self, row: Row, prompt: list[int], answer: str, sees_picture: bool = True
    ) -> bool:
        """Add a prompt and its answer; returns whether there was room."""
        tokens = [*prompt, *self.encode(answer)]
        if not row.has_room(len(tokens)):
            return False
        start, segment = len(row.ids), row.begin_segment()
        first = self._config.prefix_length if sees_picture else 0
        for offset, token in enumerate(tokens):
            row.append(token, first + offset, segment, sees_picture)
        following = [*tokens[1:], self._config.tokenizer.eos_id]
        for offset in range(len(prompt) - 1, len(tokens)):
            row.next_ids[start + offset] = following[offset]
        return True

    def _add_boxes(self, row: Row, scene: Scene, random: Random, with_sizes: bool) -> None:
        """Add a detection, or a pointing when `with_sizes` is off, where there is room for it."""
        ids = self._config.tokenizer
        template = self._templates.detect if with_sizes else self._templates.point
        assert template is not None
        wanted = search(scene, random)
        prompt = [*template.prefix, *self.encode(f" {wanted.name}"), *template.suffix]
        if not row.has_room(len(prompt) + 3 * len(wanted.boxes)):
            return
        segment, first = row.begin_segment(), self._config.prefix_length
        for offset, token in enumerate(prompt):
            row.append(token, first + offset, segment)
        for box in wanted.boxes:
            (x, y), size = _centre(box), _size(box)
            row.next_ids[-1], row.coordinates[-1] = ids.coord_id, x
            row.append(ids.coord_id, row.positions[-1] + 1, segment)
            row.values[-1], row.coordinates[-1] = (x, 0.0), y
            row.append(ids.coord_id, row.positions[-1] + 1, segment)
            row.values[-1] = (y, 0.0)
            if with_sizes:
                row.sizes[-1] = size
                row.append(ids.size_id, row.positions[-1] + 1, segment)
                row.values[-1] = size
        row.next_ids[-1] = ids.eos_id


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _size(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def look(scene: Scene, config: Config, height_px: int) -> np.ndarray:
    """Draw a scene, send it through JPEG and return its only crop (S, S, 3), uint8."""
    encoded = encode_jpeg(draw(scene, height_px), scene.seed)
    return make_crops(Image.open(io.BytesIO(encoded)), config.vision)[0][0].numpy()


Batch = dict[str, Tensor]


def batch_rows(rows: list[Row]) -> Batch:
    """Stack rows into tensors (B, ROW_LENGTH, ...), padded with segments that see themselves."""
    for row in rows:
        segment = row.begin_segment()
        while len(row.ids) < ROW_LENGTH:
            row.append(0, 0, segment, sees_picture=False)
    return {
        "ids": torch.tensor([row.ids for row in rows]),
        "positions": torch.tensor([row.positions for row in rows]),
        "segments": torch.tensor([row.segments for row in rows]),
        "sees_picture": torch.tensor([row.sees_picture for row in rows]),
        "next_ids": torch.tensor([row.next_ids for row in rows]),
        "values": torch.tensor([row.values for row in rows]),
        "coordinates": torch.tensor([row.coordinates for row in rows]),
        "sizes": torch.tensor([row.sizes for row in rows]),
    }


def describe_patches(scene: Scene, config: Config) -> dict[str, np.ndarray]:
    """Return what the auxiliary heads should see in each of the G * G patches.

    mask: (G * G, P * P) which parts show a shape; object: (G * G) 1, 2, ... or 0 for none; kind,
    colour: (G * G) of that object; box: (G * G, 4) centre and size of it; centre: (G * G) whether
    its centre lies here; ground: () the colour of the ground; holder: () what carries it.
    """
    grid, patch = config.vision.grid_size, config.vision.enc_patch_size
    labels = label_patches(scene, grid * patch // 2)
    tiles = labels.reshape(grid, patch // 2, grid, patch // 2).transpose(0, 2, 1, 3)
    parts = tiles.reshape(grid * grid, -1)
    counts = np.stack([(parts == number).sum(1) for number in range(1 + len(scene.shapes))], 1)
    counts[:, 0] = 0
    present = counts.max(1) > 0.15 * parts.shape[1]
    shown = np.where(present, counts.argmax(1), 0)
    boxes = scene.boxes()
    centre = np.zeros(grid * grid, np.float32)
    for x, y in map(_centre, boxes):
        centre[int(y * grid) * grid + int(x * grid)] = 1
    kinds = [0, *(KINDS.index(shape.kind) for shape in scene.shapes)]
    colours = [0, *(list(COLOURS).index(shape.colour) for shape in scene.shapes)]
    targets = [(0.0, 0.0, 0.0, 0.0), *((*_centre(box), *_size(box)) for box in boxes)]
    ground = list(GROUNDS).index(scene.ground.colour) if scene.ground else len(GROUNDS)
    holder = list(HOLDERS).index(scene.ground.holder) if scene.ground else len(HOLDERS)
    return {
        "patch_mask": (parts > 0).astype(np.float32),
        "patch_object": shown.astype(np.int64),
        "patch_kind": np.array(kinds)[shown],
        "patch_colour": np.array(colours)[shown],
        "patch_box": np.array(targets, np.float32)[shown],
        "patch_centre": centre,
        "ground": np.array(ground),
        "holder": np.array(holder),
    }


class TrainingScenes(IterableDataset[Batch]):
    """Endless batches of fresh scenes, every `stride`th; batch `n` always has the same ones."""

    def __init__(
        self,
        tokenizer_json: str,
        config: Config,
        batch_size: int,
        first_batch: int,
        stride: int,
        has_text: bool,
    ) -> None:
        self._tokenizer_json = tokenizer_json
        self._config = config
        self._batch_size = batch_size
        self._first_batch = first_batch
        self._stride = stride
        self._has_text = has_text

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        packer = Packer(Tokenizer.from_str(self._tokenizer_json), self._config)
        for number in itertools.count(self._first_batch, self._stride):
            first_seed = number * self._batch_size
            yield self._make_batch(packer, range(first_seed, first_seed + self._batch_size))

    def _make_batch(self, packer: Packer, seeds: range) -> Batch:
        scenes = [invent_card(s) if s % CARD_EVERY == 0 else make_scene(s) for s in seeds]
        heights = [Random(scene.seed + 3).choice((160, 200, 260)) for scene in scenes]
        crops = [
            look(scene, self._config, height) for scene, height in zip(scenes, heights, strict=True)
        ]
        batch: Batch = {"crops": torch.from_numpy(np.stack(crops))}
        patches = [describe_patches(scene, self._config) for scene in scenes]
        for name in patches[0]:
            batch[name] = torch.from_numpy(np.stack([patch[name] for patch in patches]))
        if self._has_text:
            rows = [packer.pack(scene, Random(scene.seed + 4)) for scene in scenes]
            batch |= batch_rows(rows)
        return batch
