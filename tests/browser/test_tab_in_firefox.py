"""The tab in Firefox, where there is one: it says what Python says, and keeps the model."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser import firefox
from tests.browser.exams import ANSWER_ALL, Said, exams
from tests.browser.host import served

# More, for whoever has the time: SCENES=100.
N_SCENES = int(os.environ.get("SCENES", "3"))
NO_FIREFOX = "No Firefox found: the tab's tests in it were left out."

LOAD = """async (url) => {
  const { load } = await import(url + "moonsight.js")
  const model = await load()
  model.close()
  return model.device
}"""


@pytest.mark.skipif(firefox.find() is None, reason=NO_FIREFOX)
def test_firefox_says_what_python_says_and_keeps_the_model(tab_folder: Path, tmp_path: Path):
    (tmp_path / "profile").mkdir()
    with served(tab_folder) as host:

        async def visit() -> None:
            async with firefox.launch(tmp_path / "profile") as tab:
                await tab.goto(f"{host.url}scenes/")
                for exam in exams(N_SCENES):
                    told = await tab.evaluate(ANSWER_ALL, exam.asked_of(host.url, "wasm"))
                    assert Said.of_tab(told) == exam.expected
                before = host.n_asked("models/demo/model.safetensors")
                assert [await tab.evaluate(LOAD, host.url) for _ in range(2)] == ["wasm", "wasm"]
                assert host.n_asked("models/demo/model.safetensors") == before + 1

        # This thread has a loop already, where it drives a Chromium.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, visit()).result()
