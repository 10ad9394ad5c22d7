"""What answers, where and how large: behind the model's name; and why the demo model answers."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Visit, with_camera
from tests.browser.test_look import DESK, TABLET, serious_findings

MOONDREAM2 = {
    "state": "ready",
    "model": "moondream2",
    "revision": "2025-06-21",
    "device": "cuda",
    "dtype": "bfloat16",
    "memory_bytes": 3_914_000_000,
}
REASON = "The hub cannot be reached. Check the network, the proxy and HF_ENDPOINT."
FAULT = (
    "The NVIDIA GeForce RTX 3090 is not used: torch 2.13.0 is built for CUDA 13.0, for which the"
    " driver 535.183.01 is too old. To use the card, update NVIDIA's driver to 580 or newer, or"
    " install a build of torch that fits: .venv/bin/python -m pip install --force-reinstall"
    ' "torch>=2.6,<=2.13.0" --index-url https://download.pytorch.org/whl/cu126'
)
FALLBACK = {
    "state": "ready",
    "model": "demo",
    "device": "cpu",
    "dtype": "float32",
    "is_demo": True,
    "notice": f"moondream2 is not on this computer yet: {REASON}",
}


def facts(page: Page) -> dict[str, str]:
    """Open the menu behind the model's name and read its rows."""
    page.locator("#status").click()
    rows = page.get_by_role("dialog", name="The model").locator("dl > div:not([hidden])")
    expect(rows.first).to_be_visible()
    # The browser tells that a menu is open after it has shown it; only then the page places it.
    page.wait_for_function("() => facts.style.right !== ''")
    return dict(row.inner_text().split("\n", 1) for row in rows.all())


def banner(page: Page) -> Locator:
    return page.get_by_role("complementary", name="About this model")


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_name_of_the_model_opens_what_it_is_and_what_it_takes(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    paced.status(**MOONDREAM2)
    page = with_camera(visit(browser, paced.url, **size))
    expect(page.get_by_role("button", name="moondream2")).to_be_visible()
    assert facts(page) == {
        "Name": "moondream2",
        "Revision": "2025-06-21",
        "Runs on": "the GPU (CUDA)",
        "Number format": "bfloat16",
        "Memory in use": "3.9 GB",
    }
    menu = page.locator("#facts").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= size["viewport"]["width"]
    assert serious_findings(page) == []
    name = page.locator(".header__words")
    assert name.evaluate("words => words.scrollWidth <= words.clientWidth"), "cut off"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_card_that_is_not_used_is_told_with_the_whole_remedy(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    paced.status(**MOONDREAM2 | {"device": "cpu", "gpu_fault": FAULT})
    expect(page.get_by_role("button", name="moondream2")).to_be_visible()
    assert facts(page)["Why not the GPU"] == FAULT
    menu = page.locator("#facts").bounding_box()
    assert menu["x"] + menu["width"] <= size["viewport"]["width"]
    assert serious_findings(page) == []


def test_menu_of_the_model_works_by_keyboard(paced: PacedServer, paced_page: Page) -> None:
    button = paced_page.get_by_role("button", name="moondream2 on the GPU")
    button.focus()
    paced_page.keyboard.press("Enter")
    menu = paced_page.get_by_role("dialog", name="The model")
    expect(menu).to_be_visible()
    paced_page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_demo_model_is_named_as_what_it_is(page: Page) -> None:
    found = facts(page)
    found.pop("Memory in use", None)
    assert found == {
        "Name": "Demo model",
        "Knows": "coloured shapes, nothing else",
        "Revision": "comes with Moonsight",
        "Runs on": "the CPU",
        "Number format": "float32",
    }


def test_facts_that_are_not_known_yet_are_left_out(paced: PacedServer, paced_page: Page) -> None:
    progress = {"stage": "finding", "done": 0, "total": None}
    paced.status(state="loading", model="moondream2", progress=progress)
    expect(paced_page.locator("#status")).to_contain_text("moondream2 is loading")
    assert facts(paced_page) == {"Name": "moondream2"}
    paced.status(**MOONDREAM2)
    expect(paced_page.get_by_role("dialog", name="The model")).to_contain_text("3.9 GB")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_reason_for_the_demo_model_waits_behind_a_question(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    """The whole reason stood in the banner, four lines of it on a phone."""
    page = with_camera(visit(browser, paced.url, **size))
    paced.status(**FALLBACK)
    expect(banner(page)).to_contain_text("moondream2 is not on this computer yet.")
    expect(banner(page).get_by_text(REASON)).to_be_hidden()
    banner(page).get_by_text("Why?").click()
    expect(banner(page).get_by_text(REASON)).to_be_visible()
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]


def test_demo_model_that_was_asked_for_needs_no_reason(page: Page) -> None:
    expect(banner(page)).to_be_visible()
    expect(banner(page).get_by_text("Why?")).to_be_hidden()
