"""Rules that look: sure before they tell, once, with the frame that shows it, and kept."""

import re
from base64 import b64decode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    FAKE_CAMERA,
    SERVER_AWAY,
    Launch,
    PacedServer,
    Server,
    Visit,
    with_camera,
)
from tests.browser.test_ahead import DRAWN_CAMERA, Wire
from tests.browser.test_live import BLUE, HIDE
from tests.browser.test_watching import ALERT, RULE, open_sheet, sheet, watch_for, with_rules
from tests.hook_server import serve_hook

RED = "scene.colour = 'rgb(255, 0, 0)'"
PLACE = (0.1, 0.1, 0.5, 0.5)
# Whether the first rule knows that it is so, or that it is not, and whether it has yet to tell.
KNOWS = """([isSo, isDue]) => {
  const [{ past }] = JSON.parse(localStorage["moonsight.rules"])
  return past.isSo === isSo && past.isDue === isDue
}"""
# The ball's on the frame of a card, as the drawn camera shows it.
COLOUR_OF_BALL = """(img) => {
  const context = document.createElement("canvas").getContext("2d")
  const [x, y] = [200 * img.naturalWidth / 640, 240 * img.naturalHeight / 480]
  context.drawImage(img, -x, -y)
  return [...context.getImageData(0, 0, 1, 1).data]
}"""
NOTES = """
  const real = Notification
  window.notes = []
  window.Notification = class extends real {
    constructor(title, options) {
      super(title, options)
      notes.push([title, options.body])
    }
  }
"""
FULL = "The disk is full. New answers are not kept."
# Whether one alert is on the disk.
IS_KEPT = """() => new Promise((resolve) => {
  const open = indexedDB.open("moonsight")
  open.onsuccess = () => {
    const count = open.result.transaction("alerts").objectStore("alerts").count()
    count.onsuccess = () => resolve(count.result === 1)
    open.result.close()
  }
})"""


def line(page: Page, n: int = 0):
    return sheet(page).locator(".rule__words").nth(n)


def alert_cards(page: Page):
    return page.locator(".card--alert")


def knows(page: Page, is_so: bool, *, is_due: bool = False) -> None:
    page.wait_for_function(KNOWS, arg=[is_so, is_due])


def look_and_find(paced: PacedServer, n: int) -> None:
    paced.begin()
    for _ in range(n):
        paced.find(*PLACE)
    paced.end()


@pytest.fixture
def drawn(browser: Browser, server: Server, visit: Visit) -> Page:
    return open_sheet(with_camera(visit(browser, server.url, script=DRAWN_CAMERA)))


@pytest.fixture
def paced_sheet(paced_page: Page) -> Page:
    return open_sheet(paced_page)


def told_of_a_parcel(page: Page, paced: PacedServer) -> None:
    watch_for(page, "parcel")
    look_and_find(paced, 1)
    expect(line(page)).to_have_text("1 of 2 looks say so")
    look_and_find(paced, 1)
    expect(line(page)).to_have_text(re.compile(r"^Told at \d\d:\d\d\. Quiet for"))


def test_rule_tells_once_with_its_evidence_and_not_again_while_it_is_quiet(drawn: Page) -> None:
    watch_for(drawn, "blue circle")
    expect(line(drawn)).to_have_text(re.compile(r"^Awake · none found · \d\.\d s ago$"))
    knows(drawn, False)
    drawn.evaluate(BLUE)
    expect(sheet(drawn).locator(".told")).to_have_count(1)
    expect(line(drawn)).to_have_text(re.compile(r"^Told at \d\d:\d\d\. Quiet for"))
    drawn.evaluate(RED)
    knows(drawn, False)
    drawn.evaluate(BLUE)
    knows(drawn, True, is_due=True)
    expect(sheet(drawn).locator(".told")).to_have_count(1)
    drawn.keyboard.press("Escape")
    expect(alert_cards(drawn)).to_have_count(1)
    expect(alert_cards(drawn)).to_contain_text("Blue circle appears")
    expect(alert_cards(drawn)).to_contain_text("1 found, sure after 2 of 3 looks.")
    expect(alert_cards(drawn)).to_contain_text(re.compile(r"Told at \d\d:\d\d:\d\d, with sound"))
    expect(alert_cards(drawn).locator(".marks__box")).to_have_count(1)
    blue = alert_cards(drawn).locator("img").evaluate(COLOUR_OF_BALL)
    assert blue[2] > 200
    assert blue[0] < 60


def test_question_is_answered_by_likelihood_and_told_when_it_is_so(drawn: Page) -> None:
    watch_for(drawn, "Is there a blue circle?")
    expect(line(drawn)).to_have_text(re.compile(r"^Awake · no, [01]\.\d\d · \d\.\d s ago$"))
    knows(drawn, False)
    drawn.evaluate(BLUE)
    told = sheet(drawn).locator(".told")
    expect(told).to_contain_text("Is there a blue circle?")
    expect(told).to_contain_text(re.compile(r"yes, [01]\.\d\d"))
    told.click()
    expect(alert_cards(drawn).first).to_contain_text(
        re.compile(r"Yes, [01]\.\d\d, sure after 2 of 3 looks\.")
    )


def test_what_stands_still_is_looked_at_until_it_is_sure_and_then_no_more(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=DRAWN_CAMERA)
    wire = Wire(page)
    page.goto(server.url)
    open_sheet(with_camera(page))
    watch_for(page, "star")
    knows(page, False)
    expect(line(page)).to_have_text(re.compile(r"· [2-5]\.\d s ago$"))
    asked = wire.named("detect")
    assert len(asked) == 2
    assert all(each["live"] is True and each["object"] == "star" for each in asked)


def test_all_rules_are_asked_about_one_frame(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    second = {**RULE, "id": "rule-2", "words": "cat"}
    page = visit(browser, "about:blank", script=with_rules([RULE, second]))
    wire = Wire(page)
    page.goto(paced.url)
    open_sheet(with_camera(page))
    look_and_find(paced, 0)
    look_and_find(paced, 0)
    expect(line(page, 1)).to_contain_text("none found")
    first, other = wire.named("detect")[:2]
    assert (first["object"], other["object"]) == ("parcel", "cat")
    assert isinstance(other.get("frame"), str)


def test_alert_survives_a_reload_and_is_not_told_again(
    paced: PacedServer, paced_sheet: Page
) -> None:
    told_of_a_parcel(paced_sheet, paced)
    paced_sheet.wait_for_function(IS_KEPT)
    paced_sheet.reload()
    open_sheet(with_camera(paced_sheet))
    look_and_find(paced, 1)
    knows(paced_sheet, True)
    expect(line(paced_sheet)).to_have_text(re.compile(r"^Told at"))
    expect(sheet(paced_sheet).locator(".told")).to_have_count(1)
    sheet(paced_sheet).locator(".told").click()
    expect(sheet(paced_sheet)).to_be_hidden()
    expect(alert_cards(paced_sheet)).to_contain_text("Parcel appears")
    expect(alert_cards(paced_sheet).locator(".marks__box")).to_have_count(1)


def test_alert_can_be_asked_about_again(paced: PacedServer, paced_sheet: Page) -> None:
    told_of_a_parcel(paced_sheet, paced)
    paced_sheet.keyboard.press("Escape")
    alert_cards(paced_sheet).get_by_role("button", name="Ask again").click()
    look_and_find(paced, 2)
    expect(paced_sheet.locator(".card").first).to_contain_text("2 found.")


def test_alert_is_read_at_once_to_those_who_listen(paced: PacedServer, paced_sheet: Page) -> None:
    told_of_a_parcel(paced_sheet, paced)
    expect(paced_sheet.locator("#alerter")).to_have_text(
        "Parcel appears. 1 found, sure after 2 of 3 looks."
    )


def test_alert_that_is_not_for_the_page_is_only_kept(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    ways = {"page": False, "sound": False, "notification": False}
    rule = {**RULE, "ways": ways, "sure": "1 of 1"}
    page = open_sheet(with_camera(visit(browser, paced.url, script=with_rules([rule]))))
    look_and_find(paced, 1)
    expect(sheet(page).locator(".told")).to_have_count(1)
    expect(alert_cards(page)).to_have_count(0)
    expect(page.locator("#alerter")).to_be_empty()


def test_notification_says_the_rule_and_what_came_of_it(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    ways = {"page": True, "sound": False, "notification": True}
    rule = {**RULE, "ways": ways, "sure": "1 of 1"}
    page = visit(
        launch(FAKE_CAMERA),
        paced.url,
        script=with_rules([rule]) + NOTES,
        permissions=["notifications", "camera"],
    )
    with_camera(page)
    look_and_find(paced, 1)
    expect(alert_cards(page)).to_contain_text("with a notification")
    assert page.evaluate("notes") == [["Parcel appears", "1 found, sure after 1 look."]]


def test_trouble_is_said_and_is_no_verdict(paced: PacedServer, paced_sheet: Page) -> None:
    watch_for(paced_sheet, "parcel")
    look_and_find(paced, 1)
    paced.fail("busy", "Too many questions are waiting.")
    expect(line(paced_sheet)).to_have_text(
        re.compile(r"^Trouble: Too many questions are waiting\. Next look in \d s\.$")
    )
    look_and_find(paced, 1)
    expect(line(paced_sheet)).to_have_text(re.compile(r"^Told at"))


def test_rule_sleeps_while_the_tab_is_hidden_and_looks_when_it_is_seen(
    paced: PacedServer, paced_sheet: Page
) -> None:
    watch_for(paced_sheet, "parcel")
    look_and_find(paced, 0)
    look_and_find(paced, 0)
    # What comes next is asked for by what is seen by then.
    knows(paced_sheet, False)
    paced_sheet.evaluate(HIDE, True)
    asleep = re.compile(r"^Asleep since \d\d:\d\d: this tab was hidden$")
    expect(line(paced_sheet)).to_have_text(asleep)
    expect(paced_sheet.locator("#bell .moon")).to_be_hidden()
    paced_sheet.evaluate(HIDE, False)
    look_and_find(paced, 1)
    expect(line(paced_sheet)).to_have_text("1 of 2 looks say so")
    expect(paced_sheet.locator("#bell .moon")).to_be_visible()


def test_rule_sleeps_without_a_camera(paced: PacedServer, paced_sheet: Page) -> None:
    watch_for(paced_sheet, "parcel")
    look_and_find(paced, 0)
    look_and_find(paced, 0)
    expect(line(paced_sheet)).to_contain_text("none found")
    paced_sheet.locator("#source").click()
    paced_sheet.get_by_label("Camera off").check()
    open_sheet(paced_sheet)
    asleep = re.compile(r"^Asleep since \d\d:\d\d: the camera is lost$")
    expect(line(paced_sheet)).to_have_text(asleep)


def test_rule_sleeps_without_a_server_and_looks_again_when_it_is_back(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, server.url, allow=SERVER_AWAY, script=DRAWN_CAMERA)
    open_sheet(with_camera(page))
    watch_for(page, "star")
    expect(line(page)).to_contain_text("none found")
    server.stop()
    asleep = re.compile(r"^Asleep since \d\d:\d\d: not connected$")
    try:
        expect(line(page)).to_have_text(asleep)
    finally:
        server.start()
    expect(line(page)).to_contain_text("none found")


def test_full_disk_is_said_and_the_alert_is_shown_all_the_same(
    paced: PacedServer, paced_sheet: Page
) -> None:
    devtools = paced_sheet.context.new_cdp_session(paced_sheet)
    origin = {"origin": paced.url.rstrip("/")}
    devtools.send("Storage.overrideQuotaForOrigin", {**origin, "quotaSize": 1})
    told_of_a_parcel(paced_sheet, paced)
    expect(sheet(paced_sheet).get_by_text(FULL)).to_be_visible()
    expect(sheet(paced_sheet).locator(".told")).to_have_count(1)
    devtools.send("Storage.overrideQuotaForOrigin", origin)


def test_answer_about_a_deleted_rule_tells_nothing(paced: PacedServer, paced_sheet: Page) -> None:
    watch_for(paced_sheet, "parcel")
    paced.begin()
    sheet(paced_sheet).get_by_role("button", name="Parcel appears").click()
    sheet(paced_sheet).get_by_role("button", name="Delete").click()
    paced.find(*PLACE)
    paced.end()
    watch_for(paced_sheet, "cat")
    look_and_find(paced, 0)
    look_and_find(paced, 0)
    cat = sheet(paced_sheet).get_by_role("button", name="Cat appears")
    expect(cat).to_contain_text("none found")
    assert ALERT["name"] not in paced_sheet.locator("#alerter").inner_text()


@pytest.mark.parametrize("has_frames", [False, True], ids=["without frames", "with frames"])
def test_alert_goes_to_the_webhook_that_was_named_and_the_sheet_says_so(
    browser: Browser, chromium: str, visit: Visit, has_frames: bool
) -> None:
    with serve_hook() as hook:
        options = ["--alert-webhook", hook.url, *["--alert-webhook-frames"] * has_frames]
        server = Server("app.py", "--model", "demo", *options, "--port")
        server.start()
        try:
            page = open_sheet(with_camera(visit(browser, server.url)))
            pictures = "with" if has_frames else "without"
            host = f"127.0.0.1:{hook.port}"
            said = sheet(page).get_by_text(f"Alerts go to {host}, {pictures} pictures.")
            expect(said).to_be_visible()
            watch_for(page, "red circle")
            told = hook.next().told
        finally:
            server.stop()
    assert (told["rule"], told["kind"]) == ("Red circle appears", "object")
    assert (told["object"], told["count"]) == ("red circle", 1)
    image = told.get("image", "").partition(",")[2]
    assert b64decode(image).startswith(b"\xff\xd8") is has_frames
