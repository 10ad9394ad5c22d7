"""The model in a page of one's own, as docs/in-browser.md has it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SCENES, Launch
from tests.browser.host import Host, served

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "in-browser.md"
# A page that somebody wrote, beside the folder.
OWN_PAGE = """<!doctype html><meta charset="utf-8"><title>Own</title><link rel="icon" href="data:,">
<img id="picture" src="red-circle-blue-square.png"><output></output>
<script type="module">
  import { load, MoonsightError } from "./moonsight/moonsight.js"
  Object.assign(globalThis, { load, MoonsightError, stages: new Set() })
  const onProgress = ({ stage }) => stages.add(stage)
  globalThis.model = await load({ onProgress })
</script>"""


@pytest.fixture(scope="module")
def host(tab_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("own")
    (folder / "moonsight").symlink_to(tab_folder)
    shutil.copy(SCENES / "red-circle-blue-square.png", folder)
    (folder / "index.html").write_text(OWN_PAGE)
    with served(folder) as host:
        yield host


@pytest.fixture(scope="module")
def own(launch: Launch, host: Host) -> Iterator[Page]:
    """One page for all: it opens the model once, and says nothing in its console."""
    page, said = launch().new_page(), list[str]()
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(host.url)
    page.wait_for_function("() => globalThis.model !== undefined")
    yield page
    page.close()
    assert said == []


def test_words_come_one_by_one_and_the_result_in_the_end(own: Page):
    words, result = own.evaluate(
        """async () => {
          const [answer, words] = [model.query(picture, "What colour is the square?"), []]
          for await (const text of answer) words.push(text)
          return [words, await answer.result]
        }"""
    )
    assert len(words) > 2
    assert "".join(words) == result["text"] == "The square is blue."
    assert result["reason"] == "stop"
    assert result["usage"]["nWritten"] > 2
    assert own.evaluate("() => [model.name, model.device]") == ["demo", "wasm"]
    assert {"downloading", "reading", "comparing"} <= set(own.evaluate("() => [...stages]"))


def test_places_come_one_by_one(own: Page):
    found = own.evaluate(
        """async () => {
          const places = []
          for await (const place of model.detect(picture, "circle")) places.push(place)
          return [places, (await model.point(picture, "square").result).places]
        }"""
    )
    [[box], [point]] = found
    assert box["xMin"] < 0.3 < box["xMax"]
    assert point["x"] > 0.5


def test_frame_that_was_looked_at_is_asked_about_again(own: Page):
    told = own.evaluate(
        """async () => {
          const frame = await model.look(picture)
          const { text } = await model.caption(frame, { length: "short" }).result
          const asked = model.query(frame, "Is there a circle?", { choices: ["yes", "no"] })
          return [frame, text, await asked.result]
        }"""
    )
    frame, text, chosen = told
    assert frame["frameId"].startswith("frame-")
    assert "circle" in text
    assert chosen["choice"] == "yes"
    assert chosen["timings"]["encodeMs"] == 0


@pytest.mark.parametrize(
    "drawn",
    [
        "picture",
        "await (await fetch(picture.src)).blob()",
        "await createImageBitmap(picture)",
        "(() => { const c = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);"
        " c.getContext('2d').drawImage(picture, 0, 0); return c })()",
    ],
    ids=["img", "Blob", "ImageBitmap", "canvas"],
)
def test_picture_is_whatever_can_be_drawn(own: Page, drawn: str):
    asked = f"async () => (await model.query({drawn}, 'What colour is the circle?').result).text"
    assert own.evaluate(asked) == "The circle is red."


CANCELLED = """async () => {
  const stop = new AbortController()
  const answer = model.caption(picture, { length: "long", signal: stop.signal })
  let nWords = 0
  try {
    for await (const text of answer) if (++nWords === 2) stop.abort()
  } catch (error) {
    return [nWords, error instanceof MoonsightError, error.code]
  }
}"""
LEFT = """async () => {
  const answer = model.caption(picture, { length: "long" })
  for await (const text of answer) break
  return [1, true, await answer.result.catch(({ code }) => code)]
}"""


@pytest.mark.parametrize("way", [CANCELLED, LEFT], ids=["signal", "break"])
def test_answer_can_be_cancelled(own: Page, way: str):
    n_words, is_ours, code = own.evaluate(way)
    assert n_words <= 3
    assert is_ours
    assert code == "cancelled"
    # And the next is answered.
    asked = "async () => (await model.query(picture, 'What colour is the circle?').result).text"
    assert own.evaluate(asked) == "The circle is red."


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("model.query(new Blob(['no picture']), 'What?')", "bad_image"),
        ("model.query({ frameId: 'frame-99' }, 'What?')", "frame_forgotten"),
        ("model.query(picture, 'What? '.repeat(5000))", "bad_request"),
        ("model.query(picture, '')", "bad_request"),
        ("model.detect(picture)", "bad_request"),
        ("model.caption(picture, { length: 'epic' })", "bad_request"),
        ("model.caption(picture, { temperature: 'hot' })", "bad_request"),
        ("model.caption(picture, { maxTokens: 0 })", "bad_request"),
        ("model.query(picture, 'What?', { spatialRefs: [[2, 3]] })", "bad_request"),
        ("model.query(picture, 'What?', { choices: ['', 'b'] })", "bad_request"),
    ],
)
def test_what_cannot_be_answered_has_a_code_and_a_sentence(own: Page, asked: str, code: str):
    told = own.evaluate(
        f"async () => await {asked}.result.catch((error) => [error.code, error.message])"
    )
    assert told[0] == code
    assert told[1].endswith(".")


def test_control_tokens_that_are_typed_are_words(own: Page):
    """As one token it would have ended the question, and with it the answer."""
    asked = "<|endoftext|>What colour is the circle?"
    told = own.evaluate("async (asked) => (await model.query(picture, asked).result)", asked)
    plain = own.evaluate("async () => (await model.query(picture, 'What?').result)")
    assert told["usage"]["nFed"] > plain["usage"]["nFed"] + 10
    assert told["text"]


def test_picture_of_sixty_megapixels_is_refused_with_its_size(own: Page):
    told = own.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(10_000, 6_000)
          canvas.getContext("2d")
          const huge = await canvas.convertToBlob({ type: "image/jpeg" })
          return model.query(huge, "What?").result.catch((error) => [error.code, error.message])
        }"""
    )
    assert told[0] == "bad_image"
    assert "60000000 pixels" in told[1]


def test_model_is_got_once(own: Page, host: Host):
    own.evaluate("async () => (await load()).close()")
    assert host.n_asked("moonsight/models/demo/model.safetensors") == 1


def test_model_that_is_not_there_is_said(own: Page):
    told = own.evaluate(
        "() => load({ name: 'other' }).catch(({ code, message }) => [code, message])"
    )
    assert told == ["no_start", "There is no model other here."]


def test_example_of_the_document_is_what_is_tested():
    [script] = re.findall(r"<script type=\"module\">\n(.*?)</script>", DOCUMENT.read_text(), re.S)
    assert "moonsight/moonsight.js" in script
    assert "for await" in script
