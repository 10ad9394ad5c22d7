"""Let programs look: off until a person turns it on, seen while it is on, each look with a card."""

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    PHONE,
    SERVER_AWAY,
    PacedServer,
    Server,
    Visit,
    resize,
    turn_on_camera,
    with_camera,
)
from tests.browser.test_live import HIDE
from tests.browser.test_look import DESK, TABLET, serious_findings

LIMIT_S = 15
NARROW = {"viewport": {"width": 1000, "height": 700}}
HEAD = (
    b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
STILL_VIDEO = "Object.defineProperty(document.querySelector('video'), 'currentTime', { value: 1 })"


def get_frame(server: Server, status: int = 200) -> bytes:
    return until(status, server, "v1/frame")


def ask(server: Server, skill: str = "query", status: int = 200, **asked: str) -> dict:
    return json.loads(until(status, server, f"v1/{skill}", {**asked, "camera": True}))


def until(status: int, *called: Any) -> bytes:
    """Call again until the server has heard what the page just did."""
    deadline = monotonic() + LIMIT_S
    while (answer := call(*called))[0] != status:
        assert monotonic() < deadline, answer
    return answer[1]


def call(server: Server, path: str, body: dict | None = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Future]]:
    """Runs a program beside the page: `meanwhile(ask, server, question="Why?").result()`."""
    with ThreadPoolExecutor() as programs:
        yield programs.submit


def switch(page: Page) -> Locator:
    return page.get_by_role("switch", name="Let programs look", include_hidden=True)


def sign(page: Page) -> Locator:
    return page.locator(".sign:visible")


def open_sheet(page: Page) -> None:
    page.locator("#source:visible, #source-brief:visible").click()


def let_programs_look(page: Page) -> None:
    open_sheet(page)
    switch(page).click()
    page.keyboard.press("Escape")
    expect(sign(page)).to_have_text("Programs may lookTurn off")


def program_cards(page: Page) -> Locator:
    return page.locator(".card--program")


def test_nobody_may_look_at_the_start_nor_after_a_reload(page: Page, server: Server):
    get_frame(server, 409)
    let_programs_look(page)
    get_frame(server)
    page.reload()
    with_camera(page)
    expect(sign(page)).to_have_count(0)
    expect(switch(page)).to_have_attribute("aria-checked", "false")
    get_frame(server, 409)


def test_program_gets_what_the_camera_sees_and_the_page_a_card(page: Page, server: Server):
    let_programs_look(page)
    assert get_frame(server).startswith(b"\xff\xd8")
    expect(program_cards(page)).to_have_count(1)
    expect(program_cards(page)).to_contain_text("Took this picture")
    expect(program_cards(page)).to_contain_text("A program looked")
    expect(program_cards(page).get_by_role("button")).to_have_count(0)
    expect(page.locator("#announcer")).to_have_text("A program looks.")


def test_question_of_a_program_fills_a_card_that_can_be_asked_again(page: Page, server: Server):
    let_programs_look(page)
    answer = ask(server, question="What colour is the circle?")
    card = program_cards(page)
    expect(card).to_have_attribute("data-state", "done")
    expect(card.locator(".card__question")).to_have_text("What colour is the circle?")
    expect(card.locator(".card__state")).to_contain_text("A program asked")
    expect(card.locator(".card__text")).to_have_text(answer["answer"])
    card.get_by_role("button", name="Ask again, same picture").click()
    again = page.locator(".card:not(.card--program)")
    expect(again).to_have_attribute("data-state", "done")
    expect(again.locator(".card__text")).to_have_text(answer["answer"])


def test_what_a_program_finds_is_shown_and_says_who_asked(page: Page, server: Server):
    let_programs_look(page)
    ask(server, "detect", object="circle")
    expect(program_cards(page).locator(".card__text")).to_have_text("1 found.")
    expect(program_cards(page).locator(".card__state")).to_be_visible()
    expect(page.locator("#stage .marks")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, NARROW, TABLET, PHONE], ids=str)
def test_sign_is_seen_at_every_width_and_turns_it_off(
    browser: Browser, server: Server, visit: Visit, size: dict
):
    page = with_camera(visit(browser, server.url, **size))
    let_programs_look(page)
    expect(sign(page)).to_have_count(1)
    expect(sign(page)).to_be_in_viewport(ratio=1)
    sign(page).get_by_role("button", name="Turn off").click()
    expect(sign(page)).to_have_count(0)
    get_frame(server, 409)
    expect(page.locator("#announcer")).to_have_text("Programs may not look any more.")


def test_sign_stays_when_the_window_changes(page: Page):
    let_programs_look(page)
    for width in (1440, 1100, 1099, 700, 320):
        resize(page, width, 800)
        expect(sign(page)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_switch_says_why_it_cannot_be_turned_on_without_a_picture(
    browser: Browser, server: Server, visit: Visit
):
    page = visit(browser, server.url)
    turn_on_camera(page)
    with_camera(page)
    open_sheet(page)
    page.get_by_label("Camera off").check()
    expect(switch(page)).to_have_accessible_description(
        "There is nothing to look at: turn on a camera or choose a picture first."
    )
    switch(page).click(force=True)
    expect(switch(page)).to_have_attribute("aria-checked", "false")
    expect(sign(page)).to_have_count(0)


def test_camera_that_is_turned_off_is_shared_no_more_when_it_comes_back(page: Page, server: Server):
    let_programs_look(page)
    open_sheet(page)
    page.get_by_label("Camera off").check()
    expect(sign(page)).to_have_count(0)
    page.get_by_role("button", name="Turn on the camera").click()
    with_camera(page)
    get_frame(server, 409)


def test_hidden_page_goes_on_showing_what_its_camera_sees(page: Page, server: Server):
    let_programs_look(page)
    page.evaluate(HIDE, True)
    get_frame(server)


def test_hidden_page_whose_browser_brings_no_pictures_says_so(page: Page, server: Server):
    let_programs_look(page)
    get_frame(server)
    page.evaluate(HIDE, True)
    page.evaluate(STILL_VIDEO)
    body = json.loads(get_frame(server, 409))
    assert "Bring it to the front" in body["error"]["message"]


def test_page_shares_again_when_the_connection_comes_back(
    browser: Browser, server: Server, visit: Visit
):
    page = with_camera(visit(browser, server.url, allow=SERVER_AWAY))
    let_programs_look(page)
    server.stop()
    expect(page.locator("#offline-banner")).to_be_visible()
    server.start()
    expect(page.locator("#offline-banner")).to_be_hidden()
    expect(sign(page)).to_have_count(1)
    get_frame(server)


def test_person_can_stop_what_a_program_asks(
    paced_page: Page, paced: PacedServer, meanwhile: Callable[..., Future]
):
    let_programs_look(paced_page)
    get_frame(paced)
    asking = meanwhile(ask, paced, "query", 409, question="What is it?")
    paced.begin()
    paced.say("A long")
    card = program_cards(paced_page).first
    expect(card).to_contain_text("A long")
    card.get_by_role("button", name="Stop").click()
    expect(card).to_have_attribute("data-state", "stopped")
    expect(card).to_contain_text("You stopped it here.")
    assert asking.result()["error"]["code"] == "stopped_by_person"


def test_card_of_a_program_that_hangs_up_says_so(paced_page: Page, paced: PacedServer):
    let_programs_look(paced_page)
    get_frame(paced)
    body = b'{"question": "What is it?", "camera": true}'
    with socket.create_connection(("localhost", paced.port)) as program:
        program.sendall(HEAD % len(body) + body)
        paced.begin()
        paced.say("A long")
        expect(program_cards(paced_page).first).to_contain_text("A long")
    expect(program_cards(paced_page).first).to_contain_text("The program left before the end.")


def test_question_of_a_program_does_not_turn_the_persons_button_into_stop(
    paced_page: Page, paced: PacedServer, meanwhile: Callable[..., Future]
):
    paced_page.get_by_label("Your question").fill("Mine?")
    paced_page.keyboard.press("Enter")
    paced.answer("Yours.")
    expect(paced_page.locator(".card").first).to_have_attribute("data-state", "done")
    let_programs_look(paced_page)
    asking = meanwhile(ask, paced, question="What is it?")
    paced.begin()
    expect(program_cards(paced_page)).to_have_attribute("data-state", "streaming")
    expect(paced_page.locator("#ask")).to_be_visible()
    paced.say("A cup.")
    paced.end()
    assert asking.result()["answer"] == "A cup."


def test_program_that_is_refused_leaves_its_reason_on_the_card(
    paced_page: Page, paced: PacedServer, meanwhile: Callable[..., Future]
):
    let_programs_look(paced_page)
    asking = meanwhile(ask, paced, "query", 500, question="What is it?")
    paced.fail("busy", "Too many questions are waiting.")
    asking.result()
    expect(program_cards(paced_page)).to_contain_text("Too many questions are waiting.")
    expect(program_cards(paced_page)).to_have_attribute("data-state", "failed")


@pytest.mark.parametrize("size", [DESK, NARROW, PHONE], ids=["desk", "narrow", "phone"])
def test_sharing_is_readable_and_fits(browser: Browser, server: Server, visit: Visit, size: dict):
    page = with_camera(visit(browser, server.url, **size))
    let_programs_look(page)
    get_frame(server)
    ask(server, question="What colour is the circle?")
    expect(program_cards(page).first).to_have_attribute("data-state", "done")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]
    open_sheet(page)
    assert serious_findings(page) == []
