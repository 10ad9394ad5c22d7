"""A page that `screens` takes pictures of: its camera, its answers of before, its visitor."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from bench.clients import BenchFailed
from bench.desk import data_url, desk, encoded
from bench.paced import POLL_S, START_LIMIT_S, Paced
from bench.serve import free_port
from bench.stamps import PROJECT

# A camera of the name `Desk camera`, which sees what `hold` shows it.
CAMERA = """Object.defineProperty(MediaStreamTrack.prototype, "label", { value: "Desk camera" })
const told = MediaStreamTrack.prototype.getSettings
MediaStreamTrack.prototype.getSettings = function () {
  return { ...told.call(this), deviceId: "desk" }
}
navigator.mediaDevices.enumerateDevices = async () => {
  return [{ kind: "videoinput", deviceId: "desk", groupId: "", label: "Desk camera" }]
}
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 })
  const context = canvas.getContext("2d")
  const sight = new Image()
  window.hold = (url) => {
    sight.src = url
    return sight.decode()
  }
  await hold(window.firstSight)
  const paint = () => context.drawImage(sight, 0, 0)
  paint()
  setInterval(paint, 50)
  return canvas.captureStream(20)
}"""
# Puts answers of before where the page keeps them: [question, answer, minutes ago].
KEEP = """async ([url, answers]) => {
  const sight = new Image()
  sight.src = url
  await sight.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 })
  canvas.getContext("2d").drawImage(sight, 0, 0)
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9))
  const open = indexedDB.open("moonsight")
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)))
  const transaction = database.transaction(["answers", "pictures"], "readwrite")
  const [kept, pictures] = ["answers", "pictures"].map((name) => transaction.objectStore(name))
  answers.forEach(([question, text, ago], at) => {
    const askedAt = Date.now() - 60_000 * ago
    const pictureId = `picture ${at}`
    pictures.put({ id: pictureId, blob, width: 1280, height: 720, takenAt: askedAt, isPast: false })
    const asked = { skill: "query", question, isReasoning: false }
    const timings = { queueMs: 8, encodeMs: 61, firstTokenMs: 84, totalMs: 210 }
    const ended = { reason: "stop", timings, error: null, spent: null }
    const outcome = { text, places: [], ...ended }
    const about = { pictureId, bytes: blob.size, alert: null, model: { name: "moondream2" } }
    kept.put({ id: `${at}`, askedAt, asked, title: question, outcome, settings: {}, ...about })
  })
  await new Promise((resolve) => (transaction.oncomplete = resolve))
  database.close()
}"""
OF_BEFORE = [
    ("What is on the table?", "Two mugs, three green apples, a sheet of paper and a plant.", 4),
    ("Which mug is closer to the plant?", "The blue mug is closer to the plant.", 11),
    ("Is the window open?", "No, the window is closed.", 38),
    ("What is written on the paper?", "The paper has five lines on it; none can be read.", 190),
    ("Is there anything to eat?", "Yes, there are three green apples.", 1500),
    ("What colour is the left mug?", "The mug on the left is red.", 1630),
]


class Screen:
    """A page that is led somewhere, and the model that answers it."""

    def __init__(self, page: Page, server: Paced, is_phone: bool) -> None:
        self.page, self.server, self.is_phone = page, server, is_phone

    @property
    def newest(self) -> Locator:
        return self.page.locator(".card:visible").first

    def ask(self, question: str, answer: str) -> None:
        self.page.get_by_label("Your question").fill(question)
        self.page.keyboard.press("Enter")
        self.server.answer(answer)
        self.wait_for_answer(question)

    def wait_for_answer(self, title: str) -> None:
        expect(self.newest.locator(".card__question")).to_have_text(title)
        expect(self.newest).to_have_attribute("data-state", "done")

    def keep(self) -> None:
        """Answers of before, as they are there when a person comes back."""
        self.page.evaluate(KEEP, [data_url(desk()), OF_BEFORE])
        self.page.reload()
        self.page.wait_for_function("() => stage.dataset.state === 'live'")
        expect(self.page.locator(".card")).to_have_count(len(OF_BEFORE))

    def open_sources(self) -> None:
        self.page.locator("#source:visible, #source-brief:visible").click()

    def choose_pictures(self, pictures: dict[str, Image.Image]) -> None:
        """Several files, of which one is shown."""
        files = [
            FilePayload(name=name, mimeType="image/jpeg", buffer=encoded(picture))
            for name, picture in pictures.items()
        ]
        self.page.locator("#picture-file").set_input_files(files)
        expect(self.page.locator("#strip-pictures")).to_be_visible()

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def open_kept(self, name: str) -> None:
        """Search, or More that can be done with all answers; a phone has both in its settings."""
        if self.is_phone:
            self.click("Settings")
            return self.click(name)
        return self.click({"Search": "Search answers", "More": "What to do with all answers"}[name])

    def mark(self, box: tuple[float, float, float, float]) -> None:
        """Pull a box over the picture, in fractions of it."""
        seen = self.page.locator("#picture").bounding_box()
        assert seen is not None
        xs = [seen["x"] + each * seen["width"] for each in (box[0], box[2])]
        ys = [seen["y"] + each * seen["height"] for each in (box[1], box[3])]
        self.page.mouse.move(xs[0], ys[0])
        self.page.mouse.down()
        self.page.mouse.move(xs[1], ys[1], steps=4)
        self.page.mouse.up()

    def think_first(self) -> None:
        if self.is_phone:
            self.click("Settings")
            self.page.get_by_role("switch", name="Think first").click()
            self.page.keyboard.press("Escape")
        else:
            self.click("Think first")

    def show_answers(self) -> None:
        """On a phone they stand below the picture."""
        if self.is_phone:
            self.page.locator("#answers-title").scroll_into_view_if_needed()


@contextmanager
def lost_camera() -> Iterator[str]:
    """The address of a real start that has a camera at which nobody is; needs PyAV."""
    port, nobody = free_port(), free_port()
    camera = f"Front door=rtsp://127.0.0.1:{nobody}/live"
    command = [sys.executable, "app.py", "--model", "demo", "--camera", camera, "--port", str(port)]
    server, url = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL), ""
    gives_up_at = monotonic() + START_LIMIT_S
    try:
        while not url and monotonic() < gives_up_at and server.poll() is None:
            try:
                with urlopen(f"http://localhost:{port}/healthz"):
                    url = f"http://localhost:{port}"
            except OSError:
                sleep(POLL_S)
        if not url:
            raise BenchFailed("The server with a camera did not start.")
        yield url
    finally:
        server.terminate()
        server.wait()
