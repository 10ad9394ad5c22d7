"""What a tab is asked about unseen scenes, and what Python's network says of them."""

import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from demo.evaluate import CHECKPOINT, photograph, unseen_scenes
from demo.questions import ask, search
from demo.reader import MAX_OBJECTS, MAX_TOKENS, Reader

# For whoever has the time: SCENES=100. In software a GPU takes half a minute for each, so that the
# run needs `-o faulthandler_timeout=0`, too.
N_SCENES = int(os.environ.get("SCENES", "10"))
DEVICES = ["wasm", "webgpu"] if "SCENES" in os.environ else ["wasm"]

N_QUESTIONS = 3
# Answers a list of requests about one picture, in the order in which they were asked.
ANSWER_ALL = Path(__file__).with_name("answer_in_tab.js").read_text()


@dataclass(frozen=True)
class Said:
    """Answers to all questions and a description; boxes and points as tuples of numbers."""

    texts: list[str]
    boxes: list[tuple[float, ...]]
    points: list[tuple[float, ...]]

    @classmethod
    def of_tab(cls, responses: list[dict]) -> "Said":
        *told, boxes, points = responses
        places = ([tuple(each.values()) for each in found["places"]] for found in (boxes, points))
        return cls([each["text"] for each in told], *places)


@dataclass(frozen=True)
class Exam:
    """One scene: its picture, what is asked about it, and what Python says."""

    jpeg: bytes
    requests: list[dict]
    expected: Said

    def asked_of(self, url: str, device: str) -> list:
        """What ANSWER_ALL takes."""
        named = [{"id": str(number), **each} for number, each in enumerate(self.requests)]
        return [url, device, f"data:image/jpeg;base64,{b64encode(self.jpeg).decode()}", named]


def exams(n_scenes: int) -> Iterator[Exam]:
    torch.set_num_threads(1)
    reader = Reader(CHECKPOINT)
    limits = {"maxTokens": MAX_TOKENS, "maxObjects": MAX_OBJECTS}
    for scene in unseen_scenes(n_scenes, ["frame"], None):
        random, jpeg = Random(scene.seed), photograph(scene)
        questions = [ask(scene, random).text for _ in range(N_QUESTIONS)]
        name = search(scene, random).name
        reader.look_at(jpeg)
        prompts = [*map(reader.prompts.query, questions), reader.prompts.caption("normal")]
        requests: list[dict] = [
            *({"skill": "query", "question": each, **limits} for each in questions),
            {"skill": "caption", **limits},
            {"skill": "detect", "object": name, **limits},
            {"skill": "point", "object": name, **limits},
        ]
        expected = Said(reader.write(prompts), reader.detect(name), reader.point(name))
        yield Exam(jpeg, requests, expected)
