"""Pages of other programs in a real browser: from a file, from another site, named and not.

They ask as smolvlm-realtime-webcam (from a file), RealTime-VLM and realtime-captioning (each from a
port of its own) do.
"""

import http.server
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SCENES, Launch, Server

# Chromium asks the person before a page of elsewhere reaches this computer's own ports.
MAY_REACH = "--disable-features=LocalNetworkAccessChecks"

PICTURE = (SCENES / "red-circle.png").read_bytes()
DATA_URL = "data:image/png;base64," + b64encode(PICTURE).decode()
CONTENT = [
    {"type": "text", "text": "What colour is the circle?"},
    {"type": "image_url", "image_url": {"url": DATA_URL}},
]

SMOLVLM = """async ([base, content]) => {
  const body = { max_tokens: 100, messages: [{ role: "user", content }] }
  const reply = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  })
  if (!reply.ok) return `Server error: ${reply.status}`
  return (await reply.json()).choices[0].message.content
}"""
REALTIME_VLM = """async ([base, content]) => {
  const models = (await (await fetch(`${base}/v1/models`)).json()).data
  const messages = [{ role: "user", content }]
  const body = { model: models[0].id, max_tokens: 60, temperature: 0.2, messages }
  const reply = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  })
  return (await reply.json()).choices[0].message.content
}"""
CAPTIONING = """async ([base, content]) => {
  if (!(await fetch(`${base}/health`)).ok) return "away"
  const form = new FormData()
  form.append("file", await (await fetch(content[1].image_url.url)).blob(), "frame.jpg")
  const reply = await (await fetch(`${base}/predict`, { method: "POST", body: form })).json()
  return reply.status === "success" ? `${reply.caption} ${reply.inference_time.toFixed(2)}` : ""
}"""
ASKING = {"smolvlm": SMOLVLM, "realtime-vlm": REALTIME_VLM, "realtime-captioning": CAPTIONING}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *message: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of another program."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "index.html").write_text("<!doctype html><title>Another program</title>")
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """The same page on a port of its own."""

    def handler(*arguments: object) -> QuietHandler:
        return QuietHandler(*arguments, directory=str(folder))  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://localhost:{serving.server_port}"
        serving.shutdown()


@pytest.fixture(scope="module")
def naming_server(chromium: str, site: str) -> Iterator[Server]:
    """One that was started for pages from files and for that site."""
    origins = ["--cors-origin", "null", "--cors-origin", site]
    server = Server("app.py", "--model", "demo", *origins, "--port")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def foreign_page(launch: Launch) -> Iterator[Page]:
    context = launch(MAY_REACH).new_context()
    yield context.new_page()
    context.close()


def open_from(page: Page, place: str, folder: Path, site: str) -> None:
    page.goto((folder / "index.html").as_uri() if place == "file" else site)


@pytest.mark.parametrize("place", ["file", "site"])
@pytest.mark.parametrize("program", ASKING)
def test_page_that_was_named_is_answered(program, place, naming_server, foreign_page, folder, site):
    open_from(foreign_page, place, folder, site)
    base = naming_server.url.rstrip("/")
    assert "red" in foreign_page.evaluate(ASKING[program], [base, CONTENT]).lower()


@pytest.mark.parametrize("place", ["file", "site"])
@pytest.mark.parametrize("program", ASKING)
def test_page_that_was_not_named_gets_nothing(program, place, server, foreign_page, folder, site):
    open_from(foreign_page, place, folder, site)
    ask = f"(given) => ({ASKING[program]})(given).catch((error) => error.name)"
    told = foreign_page.evaluate(ask, [server.url.rstrip("/"), CONTENT])
    assert told == "TypeError"
