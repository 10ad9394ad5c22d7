"""The folder that `make browser` writes, and the page in it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import in_browser.folder
from checkpoints.checkpoint import Checkpoint
from in_browser.runtime import is_fetched
from settings import Settings

NO_RUNTIME = "The tab's runtime is not here (npm ci in in_browser): its tests were left out."


def write_folder(checkpoint: Path, folder: Path, format: str = "auto", name: str = "demo") -> Path:
    """Write page and model; skips the test where the runtime was never fetched."""
    if not is_fetched():
        pytest.skip(NO_RUNTIME)
    found = Checkpoint(name, checkpoint)
    in_browser.folder.write_folder(folder, found, format, Settings().frame_limits)
    return folder


def get_model(page: Page) -> Page:
    """Choose the model that is offered, and wait until it can answer."""
    page.locator(".choosing__get").click()
    return when_ready(page)


def when_ready(page: Page) -> Page:
    expect(page.locator("#status")).to_have_attribute("data-state", "ready")
    return page


def ask(page: Page, question: str) -> Locator:
    """Ask, and wait for the end; returns the card."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    card = page.locator(".card").filter(has_text=question).first
    expect(card).to_have_attribute("data-state", re.compile("done|failed"))
    return card
