"""What JavaScript makes of pictures and texts is what Python makes of them, to the last bit."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.evaluate import CHECKPOINT
from in_browser.runtime import HERE
from moondream2.tokenizer import Tokenizer
from protocol import choices, request
from protocol.request import SamplingParams
from tests.checkpoint_folders import PARITY
from tests.js.test_scripts import node  # noqa: F401

TEXTS = [
    "",
    "What colour is the circle?",
    "<|endoftext|> and <|md_reserved_0|>",
    "  two  spaces \t\n\n and lines \r\n ",
    "it's they'll we'VE 'd",
    "灯在哪里？ Größe, naïve, ﬁn",
    "👩‍👩‍👧 🇩🇪 é",
    "a\u0085b\u00a0c\u2028d\ufeffe\u3000f",
    "12345 ½ ² ٣ Ⅳ",
    "\x00\x07\x1f\x7f",
    "word" * 60,
]
SIZES = [
    (640, 480, 140, 140),
    (640, 360, 140, 140),
    (33, 70, 20, 90),
    (90, 500, 80, 60),
    (5, 4, 9, 9),
]


def run_node(node: str, script: str, fed: object) -> object:  # noqa: F811
    """What a module prints, as JSON, of what it is fed."""
    read = f"""
      import {{ readFileSync }} from "node:fs"
      const fed = JSON.parse(readFileSync(0))
      {script}
    """
    run = subprocess.run(
        [node, "--input-type=module", "--eval", read],
        cwd=HERE / "js" / "network",
        input=json.dumps(fed),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("folder", [CHECKPOINT, PARITY], ids=["demo", "parity"])
def test_text_becomes_the_same_ids(node: str, folder: Path):  # noqa: F811
    path = folder / "tokenizer.json"
    script = """
      const { Tokenizer } = await import(`${process.cwd()}/tokenizer.js`)
      const tokenizer = new Tokenizer(fed.file)
      console.log(JSON.stringify(fed.texts.map((text) => {
        const ids = tokenizer.encode(text)
        return [ids, tokenizer.decode(ids), ids.map((id) => tokenizer.decode([id]))]
      })))
    """
    told = run_node(node, script, {"file": json.loads(path.read_text()), "texts": TEXTS})
    tokenizer = Tokenizer.from_file(path)
    for text, (ids, decoded, pieces) in zip(TEXTS, told, strict=True):
        assert ids == tokenizer.encode(text)
        assert decoded == tokenizer.decode(ids)
        assert pieces == [tokenizer.decode([id]) for id in ids]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_picture_becomes_the_same_pixels(node: str, size: tuple[int, int, int, int]):  # noqa: F811
    width, height, to_width, to_height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    script = """
      const { resize } = await import(`${process.cwd()}/resize.js`)
      const picture = { ...fed, data: Uint8Array.from(fed.data) }
      const { data } = resize(picture, fed.toWidth, fed.toHeight)
      console.log(JSON.stringify([...data]))
    """
    fed = {"data": pixels.ravel().tolist(), "width": width, "height": height}
    told = run_node(node, script, {**fed, "toWidth": to_width, "toHeight": to_height})
    ours = Image.fromarray(pixels).resize((to_width, to_height), Image.Resampling.LANCZOS)
    assert np.array_equal(np.array(told, np.uint8).reshape(to_height, to_width, 3), np.array(ours))


def test_requests_have_the_bounds_and_the_usual_values_of_the_protocol():
    script = (HERE / "js" / "engine" / "requests.js").read_text()
    bounds = dict(re.findall(r"^const (M\w+) = (\d+)$", script, re.MULTILINE))
    assert bounds.pop("MAX_TEMPERATURE") == "2"
    told = {**vars(request), **vars(choices)}
    assert {name: int(bound) for name, bound in bounds.items()} == {
        name: told[name] for name in bounds
    }
    usual = SamplingParams()
    for said in (
        f"maxTokens: {usual.max_tokens}, maxObjects: {usual.max_objects}",
        f"temperature: {usual.temperature:g}, topP: {usual.top_p}, seed: null",
    ):
        assert said in script
    assert tuple(json.loads(re.search(r"CAPTION_LENGTHS = (\[.*\])", script)[1])) == (
        request.CAPTION_LENGTHS
    )
