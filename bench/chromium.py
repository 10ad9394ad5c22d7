"""A Chromium with a fake camera, as the benches drive it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from bench.clients import BenchFailed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# A GPU that computes right and slowly, where there is none.
IN_SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
FLAGS = (
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--use-fake-device-for-media-stream"),
    "--use-fake-ui-for-media-stream",
)


@contextmanager
def launch(*flags: str) -> Iterator[Browser]:
    """Start the computer's Chromium. Raises BenchFailed where there is none."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        raise BenchFailed("No Chromium or Chrome was found. Install one and try again.")
    # Chromium refuses to run as root, as in a container, with its sandbox.
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        gpu = [] if set(IN_SOFTWARE) <= set(flags) else ["--disable-gpu"]
        args = [*FLAGS, *gpu, *sandbox, *flags]
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        yield browser
        browser.close()


def turn_on_camera(page: Page) -> None:
    """Do what a visitor does, and wait until a question can be asked."""
    page.wait_for_function("() => stage.dataset.state !== 'starting'")
    if page.locator("#stage").get_attribute("data-state") == "off":
        page.get_by_role("button", name="Turn on the camera").click()
    page.wait_for_function("() => ask.getAttribute('aria-disabled') === 'false'")
