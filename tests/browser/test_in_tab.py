"""The model in the tab says what Python's says, and the page asks it as it asks a server."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from demo.evaluate import CHECKPOINT, photograph, unseen_scenes
from demo.questions import ask, search
from demo.reader import MAX_OBJECTS, MAX_TOKENS, Reader
from tests.browser.conftest import GPU_IN_SOFTWARE, Launch, Visit, with_camera
from tests.browser.host import served
from tests.browser.in_tab import ask as ask_page
from tests.browser.in_tab import get_model, write_folder

# In software a GPU takes half a minute for a scene.
N_SCENES = {"wasm": 20, "webgpu": 1}
N_QUESTIONS = 3

# Answers a list of requests about one picture, in the order in which they were asked.
ANSWER_ALL = Path(__file__).with_name("answer_in_tab.js").read_text()


@pytest.fixture(scope="module")
def tab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(write_folder(CHECKPOINT, tmp_path_factory.mktemp("tab"))) as host:
        yield host.url


def answers(
    page: Page, url: str, device: str, jpeg: bytes, requests: list[dict[str, Any]]
) -> list[dict]:
    named = [{"id": str(number), **request} for number, request in enumerate(requests)]
    picture = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    return page.evaluate(ANSWER_ALL, [url, device, picture, named])


@pytest.mark.parametrize("device", N_SCENES)
def test_tab_says_what_python_says_about_unseen_scenes(launch: Launch, tab_url: str, device: str):
    torch.set_num_threads(1)
    reader = Reader(CHECKPOINT)
    page = launch(*GPU_IN_SOFTWARE).new_page()
    page.goto(f"{tab_url}scenes/")
    limits = {"maxTokens": MAX_TOKENS, "maxObjects": MAX_OBJECTS}
    for scene in unseen_scenes(N_SCENES[device], ["frame"], None):
        random, jpeg = Random(scene.seed), photograph(scene)
        questions = [ask(scene, random).text for _ in range(N_QUESTIONS)]
        name = search(scene, random).name
        reader.look_at(jpeg)
        prompts = [*map(reader.prompts.query, questions), reader.prompts.caption("normal")]
        *told, boxes, points = answers(
            page,
            tab_url,
            device,
            jpeg,
            [
                *({"skill": "query", "question": each, **limits} for each in questions),
                {"skill": "caption", **limits},
                {"skill": "detect", "object": name, **limits},
                {"skill": "point", "object": name, **limits},
            ],
        )
        assert [each["text"] for each in told] == reader.write(prompts)
        assert [tuple(each.values()) for each in boxes["places"]] == reader.detect(name)
        assert [tuple(each.values()) for each in points["places"]] == reader.point(name)
    page.close()


def test_page_answers_without_a_server(browser: Browser, tab_url: str, visit: Visit):
    page = visit(browser, tab_url)
    with_camera(page)
    get_model(page)
    card = ask_page(page, "What colour is the circle?")
    expect(card.locator(".card__text")).to_have_text("The circle is red.")
    expect(page.locator("#status")).to_contain_text("WASM")
