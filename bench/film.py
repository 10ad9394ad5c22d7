"""Film the live page for the README: `python -m bench.film [FILE]`.

The real server, the demo model and the real page in Chromium; only the camera is drawn: sheets from
`static/scenes`, held up one after the other.
"""

import argparse
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from time import monotonic

from PIL import Image
from playwright.sync_api import Page, ViewportSize

from bench.chromium import launch, turn_on_camera
from bench.clients import BenchFailed
from bench.serve import Server

FILE = Path(__file__).parent.parent / "docs" / "live.webp"
SCENES = ("red-circle", "red-circle-blue-square", "blue-square", "three-stars")
QUESTION = "What do you see?"
SHOWN_S = 2.4
FRAME_INTERVAL_S = 0.1
LAST_SHOWN_MS = 2000
WINDOW: ViewportSize = {"width": 1280, "height": 800}
FILM_WIDTH_PX = 960
MAX_BYTES = 2_000_000

# The camera: white paper, and the sheet that is held up.
CAMERA = """Object.defineProperty(MediaStreamTrack.prototype, "label", { value: "Desk camera" })
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 })
  const context = canvas.getContext("2d")
  const sheet = new Image()
  window.hold = (scene) => {
    sheet.src = `/static/scenes/${scene}.png`
    return sheet.decode()
  }
  const paint = () => {
    const width = 720 * sheet.width / sheet.height
    context.fillStyle = "white"
    context.fillRect(0, 0, 1280, 720)
    if (sheet.complete && width > 0) context.drawImage(sheet, (1280 - width) / 2, 0, width, 720)
  }
  paint()
  setInterval(paint, 33)
  return canvas.captureStream(30)
}"""


def main(arguments: list[str] | None = None) -> None:
    """Film, write the file and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    file = parser.parse_args(arguments).file
    with Server("ours", "demo", keeps_stamps=False) as server:
        server.wait()
        shots = film(server.url)
    n_bytes = write(file, shots)
    print(f"{file}: {len(shots)} pictures, {n_bytes / 1e6:.2f} MB")
    if n_bytes > MAX_BYTES:
        raise BenchFailed(f"The film takes more than {MAX_BYTES / 1e6:.0f} MB.")


# When each was taken, in seconds, and what was seen.
Shots = list[tuple[float, Image.Image]]


def film(url: str) -> Shots:
    """Film the page while it keeps a question answered."""
    with launch() as browser:
        page = browser.new_page(viewport=WINDOW)
        page.add_init_script(CAMERA)
        page.goto(url)
        turn_on_camera(page)
        page.evaluate("scene => hold(scene)", SCENES[0])
        page.locator("#question-text").fill(QUESTION)
        shots = watch(page, 0.6)
        page.get_by_role("switch", name="Keep looking").click()
        shots += watch(page, SHOWN_S)
        for scene in SCENES[1:]:
            page.evaluate("scene => hold(scene)", scene)
            shots += watch(page, SHOWN_S)
    return shots


def watch(page: Page, seconds: float) -> Shots:
    """Take pictures for so long, as often as the computer can."""
    shots: Shots = []
    end = monotonic() + seconds
    while monotonic() < end:
        shots.append((monotonic(), Image.open(BytesIO(page.screenshot()))))
        page.wait_for_timeout(1000 * FRAME_INTERVAL_S)
    return shots


def write(file: Path, shots: Shots) -> int:
    """Write an endless film in which each picture stands as long as it stood; returns its bytes."""
    shown_ms = [round(1000 * (later - earlier)) for (earlier, _), (later, _) in pairwise(shots)]
    first, *others = (_small(picture) for _, picture in shots)
    first.save(
        file,
        save_all=True,
        append_images=others,
        duration=[*shown_ms, LAST_SHOWN_MS],
        loop=0,
        quality=70,
        method=4,
    )
    return file.stat().st_size


def _small(picture: Image.Image) -> Image.Image:
    height = round(FILM_WIDTH_PX * picture.height / picture.width)
    return picture.convert("RGB").resize((FILM_WIDTH_PX, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
