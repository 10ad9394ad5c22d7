"""Every state, light and dark, large and small: readable by everyone, never wider than seen."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    AXE,
    DENIED,
    FAKE_CAMERA,
    PHONE,
    Launch,
    PacedServer,
    Server,
    Visit,
    resize,
    turn_on_camera,
    with_camera,
)

DESK = {"viewport": {"width": 1440, "height": 900}}
TABLET = {"viewport": {"width": 820, "height": 1180}}
WIDTHS = (320, 390, 699, 700, 1024, 1099, 1100, 1440, 2560)
LOADING = {
    "state": "loading",
    "model": "moondream2",
    "progress": {"stage": "reading", "done": 1_420_000_000, "total": 3_850_000_000},
}


AT_REST = """() => document.getAnimations().every((each) => {
  return each.playState !== "running" || each.effect.getTiming().iterations === Infinity
})"""


def serious_findings(page: Page) -> list[str]:
    """What a reader would stumble over, in the light and in the dark."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {each}" for each in _serious_findings(page)]
    return found


def _serious_findings(page: Page) -> list[str]:
    # Text in the middle of a transition has a contrast of its own; wait until all is at rest.
    page.wait_for_function(AT_REST)
    return page.evaluate(
        """async () => (await axe.run({ resultTypes: ["violations"] })).violations
          .filter(({ impact }) => ["serious", "critical"].includes(impact))
          .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))"""
    )


def ask(page: Page, words: str = "What is this?") -> None:
    page.get_by_label("Your question").fill(words)
    page.keyboard.press("Enter")


def show_every_card(page: Page, paced: PacedServer) -> None:
    newest = page.locator(".card").first
    ask(page, "Failed?")
    paced.fail("busy", "Too many questions are waiting. Try again in 2 s.")
    expect(newest).to_have_attribute("data-state", "failed")
    ask(page, "Done?")
    paced.answer("A ball.")
    expect(newest).to_have_attribute("data-state", "done")
    ask(page, "Stopped?")
    paced.begin()
    paced.say("A smooth")
    expect(newest).to_contain_text("A smooth")
    page.keyboard.press("Escape")
    expect(newest).to_have_attribute("data-state", "stopped")
    ask(page, "Streaming?")
    paced.begin()
    paced.say("A red")
    expect(newest).to_contain_text("A red")
    ask(page, "Waiting?")
    expect(page.locator(".card")).to_have_count(5)


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_answers_are_readable_and_fit(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    show_every_card(page, paced)
    assert serious_findings(page) == []
    width = size["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if size is PHONE:
        page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="All keys").click()
    assert serious_findings(page) == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_troubles_are_readable_and_fit(
    launch: Launch, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = visit(launch(FAKE_CAMERA, DENIED), paced.url, **size)
    turn_on_camera(page)
    expect(page.locator("#stage")).to_have_attribute("data-state", "denied")
    paced.status(**LOADING)
    expect(page.locator("#waking")).to_be_visible()
    assert serious_findings(page) == []
    paced.status(state="failed", model="moondream2", error="The file ends early.")
    expect(page.locator("#model-failed")).to_be_visible()
    page.get_by_label("Your question").fill("Why?")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]


def test_demo_banner_sheet_and_scenes_are_readable_and_fit(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = with_camera(visit(browser, server.url, **PHONE))
    page.get_by_role("button", name="What to look at", exact=True).click()
    expect(page.get_by_role("region", name="What to look at")).to_be_visible()
    assert serious_findings(page) == []
    page.goto(server.url + "scenes")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_page_is_never_wider_than_the_window(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url))
    paced.status(state="ready", model="demo", device="cpu", is_demo=True, notice="It is so. " * 9)
    expect(page.locator("#demo-banner")).to_be_visible()
    ask(page, "a" * 300)
    paced.answer("b" * 300)
    expect(page.locator(".card").first).to_have_attribute("data-state", "done")
    found = {}
    for width in WIDTHS:
        resize(page, width, 800)
        found[width] = page.evaluate("document.documentElement.scrollWidth")
    assert found == {width: width for width in WIDTHS}


def test_picture_is_neither_cropped_nor_covered(paced_page: Page) -> None:
    paced_page.wait_for_function("() => stage.style.getPropertyValue('--picture-ratio') !== ''")
    stage, video = (
        paced_page.locator(selector).bounding_box() for selector in ("#stage", ".stage__video")
    )
    assert video["width"] / video["height"] == pytest.approx(4 / 3, rel=0.01)
    assert video["height"] <= stage["height"] + 0.5
    top = paced_page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).className",
        [video["x"] + video["width"] / 2, video["y"] + video["height"] / 2],
    )
    assert top == "stage__video"


def test_nothing_moves_for_those_who_asked_for_stillness(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, reduced_motion="reduce"))
    ask(page)
    paced.begin()
    expect(page.locator(".card")).to_contain_text("Looking")
    moving = "document.getAnimations().filter(each => each.effect.getComputedTiming().duration > 0)"
    assert page.evaluate(f"{moving}.length") == 0
    expect(page.locator(".flight")).to_have_count(0)


def test_dark_page_is_dark_and_light_page_light(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, paced.url, color_scheme="dark")
    body = page.locator("body")
    expect(body).to_have_css("background-color", "rgb(11, 14, 19)")
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", "rgb(237, 239, 242)")


def test_cards_keep_their_borders_in_forced_colours(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, forced_colors="active"))
    ask(page)
    expect(page.locator(".card")).to_have_css("border-top-style", "solid")
    expect(page.locator(".stage")).to_have_css("border-top-style", "solid")
