"""Take a picture of every state of the page: `python -m bench.screens [STATE …]`.

Each in the light, in the dark and on a phone, as docs/screens/STATE-FORM.webp, with a list of them.
The page and its web tier are real; the model says what it is told, and the camera sees a drawn
table. What the states are is in `screen_states`.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from bench.chromium import launch, turn_on_camera
from bench.clients import BenchFailed
from bench.desk import data_url, desk
from bench.paced import Paced
from bench.screen import CAMERA, Screen, lost_camera
from bench.screen_states import LOST_CAMERA, STATES, State

FOLDER = Path(__file__).parent.parent / "docs" / "screens"
LIST = "README.md"
MAX_BYTES, MAX_FOLDER_BYTES = 150_000, 4_000_000
QUALITY = 80
HEAD = """# What the page looks like

Taken by `python -m bench.screens`: the real page and web tier, a model that says what it is told, a
drawn table before the camera. 1440×900 in the light and in the dark, a phone of 390×844.

| state | | light | dark | phone |
|---|---|---|---|---|
"""
AT_REST = """async () => {
  const ending = document.getAnimations().filter((each) => {
    return each.effect.getTiming().iterations !== Infinity && each.playState === "running"
  })
  await Promise.allSettled(ending.map((each) => each.finished))
}"""


@dataclass(frozen=True)
class Form:
    """How large the page is, and in which light."""

    name: str
    width: int
    height: int
    scheme: str
    is_phone: bool = False

    @property
    def options(self) -> dict:
        size = {"viewport": {"width": self.width, "height": self.height}}
        phone = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
        return size | {"color_scheme": self.scheme} | (phone if self.is_phone else {})


FORMS = (
    Form("light", 1440, 900, "light"),
    Form("dark", 1440, 900, "dark"),
    Form("phone", 390, 844, "light", is_phone=True),
)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.screens", description=__doc__)
    parser.add_argument("states", nargs="*", metavar="STATE", help="all, unless some are named")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if strays := set(options.states) - STATES.keys():
        parser.error(f"No such state: {', '.join(sorted(strays))}. There are {', '.join(STATES)}.")
    options.out.mkdir(parents=True, exist_ok=True)
    take_all(options.out, options.states or list(STATES))
    (options.out / LIST).write_text(listed(), encoding="utf-8")
    check_sizes(options.out)


def take_all(folder: Path, names: list[str]) -> None:
    with launch() as browser, Paced() as server:
        for name in names:
            for form in FORMS:
                with _opened(browser, server, STATES[name], form) as screen:
                    n_bytes = write(folder / f"{name}-{form.name}.webp", shot(screen))
                print(f"{name}-{form.name}: {n_bytes / 1000:.0f} kB")


@contextmanager
def _opened(browser: Browser, server: Paced, state: State, form: Form) -> Iterator[Screen]:
    """A new person's page before the table, in a state."""
    context = browser.new_context(**form.options)
    context.add_init_script(f"window.firstSight = {data_url(desk())!r}\n{CAMERA}")
    context.add_init_script(state.script)
    page = context.new_page()
    server.tell("forget", 'status {"state": "ready", "model": "moondream2", "device": "cuda"}')
    with lost_camera() if state.name == LOST_CAMERA else _same(server.url) as url:
        page.goto(url)
        if not state.is_dark:
            turn_on_camera(page)
            page.wait_for_function("() => stage.dataset.state === 'live'")
        screen = Screen(page, server, form.is_phone)
        state.reach(screen)
        yield screen
    context.close()


@contextmanager
def _same(url: str) -> Iterator[str]:
    yield url


def shot(screen: Screen) -> Image.Image:
    screen.page.evaluate(AT_REST)
    # No caret that blinks, no pointer's tint.
    return Image.open(BytesIO(screen.page.screenshot(caret="hide", animations="disabled")))


def write(file: Path, picture: Image.Image) -> int:
    picture.convert("RGB").save(file, quality=QUALITY, method=6)
    return file.stat().st_size


def listed() -> str:
    """The list of all pictures, one line for each state."""
    rows = []
    for state in STATES.values():
        links = (f"[{form.name}]({state.name}-{form.name}.webp)" for form in FORMS)
        rows.append(f"| {state.name} | {state.words} | {' | '.join(links)} |\n")
    return HEAD + "".join(rows)


def check_sizes(folder: Path) -> None:
    """Raises BenchFailed for a picture or a folder that is too large."""
    sizes = {file.name: file.stat().st_size for file in folder.glob("*.webp")}
    print(f"{folder}: {len(sizes)} pictures, {sum(sizes.values()) / 1e6:.2f} MB")
    large = [name for name, n_bytes in sizes.items() if n_bytes > MAX_BYTES]
    if large or sum(sizes.values()) > MAX_FOLDER_BYTES:
        raise BenchFailed(f"Too large: {', '.join(large) or 'the folder'}.")


if __name__ == "__main__":
    main()
