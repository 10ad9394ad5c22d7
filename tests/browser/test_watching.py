"""Rules made from plain words: written, changed, kept, and told of."""

import json

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    DENIED,
    FAKE_CAMERA,
    PHONE,
    Launch,
    PacedServer,
    Visit,
    resize,
    with_camera,
)
from tests.browser.test_look import DESK, TABLET, serious_findings

SHORT_PHONE = {**PHONE, "viewport": {"width": 320, "height": 568}}
FORGETS = "Not kept: this window forgets when it closes."
# A person who says no, and how often they were asked.
SAYS_NO = """
  window.nAsked = 0
  Notification.requestPermission = async () => { window.nAsked += 1; return "denied" }
"""
NO_MEMORY = """
  const get = () => { throw new DOMException("Forbidden.", "SecurityError") }
  for (const name of ["localStorage", "indexedDB"]) Object.defineProperty(window, name, { get })
"""
RULE = {
    "id": "rule-1",
    "kind": "object",
    "words": "parcel",
    "when": "appears",
    "limit": 2,
    "sure": "2 of 3",
    "quiet": "1 min",
    "ways": {"page": True, "sound": True, "notification": False},
    "isOn": True,
}
ALERT = {
    "ruleId": "rule-1",
    "name": "Parcel appears",
    "kind": "object",
    "object": "parcel",
    "count": 1,
    "text": "1 found, sure after 2 of 3 looks.",
    "brief": "2 of 3 looks",
    "told": "Told at 14:32:07, with sound",
    "places": [{"xMin": 0.1, "yMin": 0.1, "xMax": 0.5, "yMax": 0.5}],
}
# Puts alerts where the page keeps them; one with a broken frame comes along with each call.
WRITE_ALERTS = """async ([alert, n]) => {
  const open = indexedDB.open("moonsight")
  await new Promise((resolve) => { open.onsuccess = resolve })
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 })
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"))
  const store = open.result.transaction("alerts", "readwrite").objectStore("alerts")
  for (let each = 0; each < n; each++) {
    const toldAt = Date.now() - each * 1000
    const frame = { blob, width: 64, height: 36, takenAt: toldAt }
    store.put({ ...alert, id: `alert-${each}`, toldAt, frame })
  }
  store.put({ ...alert, id: "broken", toldAt: Date.now(), frame: { blob: "<b>" } })
  await new Promise((resolve) => { store.transaction.oncomplete = resolve })
  open.result.close()
}"""


def sheet(page: Page) -> Locator:
    return page.get_by_role("region", name="Watch for it")


def field(page: Page) -> Locator:
    return sheet(page).get_by_label("Tell me when").first


def rules(page: Page) -> Locator:
    return sheet(page).locator(".rule__name:visible")


def note(page: Page) -> Locator:
    return sheet(page).locator(".rule-form__note").first


def open_sheet(page: Page) -> Page:
    # Not by its key: a camera that opens meanwhile takes the focus to the question.
    page.locator("#bell").dispatch_event("click")
    expect(sheet(page)).to_be_visible()
    return page


def watch_for(page: Page, words: str) -> None:
    field(page).fill(words)
    field(page).press("Enter")


def with_rules(kept: object) -> str:
    """A script that puts this into the memory of a new browser, and leaves it after a reload."""
    text = kept if isinstance(kept, str) else json.dumps(kept)
    # A page without an address has no memory.
    return f"if (origin !== 'null') localStorage['moonsight.rules'] ??= {json.dumps(text)};"


@pytest.fixture
def watch_page(paced_page: Page) -> Page:
    return open_sheet(paced_page)


def test_w_words_and_enter_make_a_rule(paced_page: Page) -> None:
    paced_page.get_by_label("Your question").evaluate("box => box.blur()")
    paced_page.keyboard.press("w")
    expect(field(paced_page)).to_be_focused()
    paced_page.keyboard.type("w")
    expect(field(paced_page)).to_have_value("w")
    field(paced_page).fill("a parcel")
    paced_page.keyboard.press("Enter")
    expect(rules(paced_page)).to_have_text(["Parcel appears"])
    expect(field(paced_page)).to_have_value("")
    expect(field(paced_page)).to_be_focused()
    expect(sheet(paced_page).get_by_text("1 of 10")).to_be_visible()


def test_escape_closes_the_sheet_and_gives_the_focus_back(paced_page: Page) -> None:
    bell = paced_page.get_by_role("button", name="Watch for it", exact=True)
    bell.focus()
    paced_page.keyboard.press("Enter")
    expect(field(paced_page)).to_be_focused()
    expect(bell).to_have_attribute("aria-expanded", "true")
    paced_page.keyboard.press("Escape")
    expect(sheet(paced_page)).to_be_hidden()
    expect(bell).to_be_focused()
    expect(bell).to_have_attribute("aria-expanded", "false")


def test_sheet_takes_the_place_of_the_answers_and_gives_it_back(watch_page: Page) -> None:
    expect(watch_page.get_by_role("log")).to_be_hidden()
    field(watch_page).fill("half a ru")
    watch_page.get_by_label("Your question").fill("What is this?")
    watch_page.keyboard.press("Enter")
    expect(watch_page.locator(".card__question")).to_have_text("What is this?")
    expect(watch_page.locator(".card__question")).to_be_visible()
    open_sheet(watch_page)
    expect(field(watch_page)).to_have_value("half a ru")


@pytest.mark.parametrize(
    ("words", "kind", "asked"),
    [
        ("parcel", "An object", ""),
        ("Is the door open?", "Yes or no", ""),
        ("is the door open", "Yes or no", ""),
        ("the kettle boils", "Yes or no", "Asked: Is this so: the kettle boils?"),
    ],
)
def test_form_guesses_what_is_meant_and_says_what_is_asked(
    watch_page: Page, words: str, kind: str, asked: str
) -> None:
    field(watch_page).fill(words)
    expect(sheet(watch_page).get_by_role("radio", name=kind)).to_be_checked()
    expect(sheet(watch_page).locator(".rule-form__asked")).to_have_text(asked)


def test_what_was_guessed_can_be_changed_and_stays_changed(watch_page: Page) -> None:
    field(watch_page).fill("kettle boils")
    sheet(watch_page).get_by_role("radio", name="An object").check(force=True)
    field(watch_page).fill("kettle boils over")
    expect(sheet(watch_page).get_by_role("radio", name="An object")).to_be_checked()
    field(watch_page).press("Enter")
    expect(rules(watch_page)).to_have_text(["Kettle boils over appears"])


def test_settings_are_folded_and_what_is_chosen_is_said(watch_page: Page) -> None:
    summary = sheet(watch_page).locator(".rule-form__summary")
    expect(summary).to_have_text("2 of 3 looks, quiet 1 minute, sound")
    expect(sheet(watch_page).get_by_label("Sure after")).to_be_hidden()
    field(watch_page).fill("person")
    sheet(watch_page).get_by_role("button", name="Change").click()
    sheet(watch_page).get_by_label("Tell me when it").select_option("is more than")
    sheet(watch_page).get_by_label("More than how many").fill("3")
    sheet(watch_page).get_by_label("Sure after").select_option("3 of 5 looks")
    sheet(watch_page).get_by_label("Then quiet for").select_option("10 minutes")
    sheet(watch_page).get_by_label("Sound").uncheck()
    sheet(watch_page).get_by_role("button", name="Watch for it").click()
    expect(rules(watch_page)).to_have_text(["Person is more than 3"])
    expect(summary).to_have_text("2 of 3 looks, quiet 1 minute, sound")
    kept = json.loads(watch_page.evaluate("localStorage['moonsight.rules']"))[0]
    assert (kept["sure"], kept["quiet"], kept["ways"]["sound"]) == ("3 of 5", "10 min", False)


def test_a_number_that_is_none_is_asked_for_again(watch_page: Page) -> None:
    field(watch_page).fill("person")
    sheet(watch_page).get_by_role("button", name="Change").click()
    sheet(watch_page).get_by_label("Tell me when it").select_option("is more than")
    for number in ("", "0", "50", "1.5"):
        sheet(watch_page).get_by_label("More than how many").fill(number)
        sheet(watch_page).get_by_role("button", name="Watch for it").click()
        expect(note(watch_page)).to_have_text("More than how many? Write a number from 1 to 49.")
    expect(rules(watch_page)).to_have_count(0)


def test_name_opens_the_form_in_place_and_the_rule_is_changed(watch_page: Page) -> None:
    watch_for(watch_page, "parcel")
    watch_for(watch_page, "cat")
    sheet(watch_page).get_by_role("button", name="Parcel appears").click()
    form = sheet(watch_page).locator(".rule form")
    expect(form.get_by_label("Tell me when …")).to_be_focused()
    expect(form.get_by_label("Tell me when …")).to_have_value("parcel")
    form.get_by_label("Tell me when it").select_option("goes")
    form.get_by_role("button", name="Watch for it").click()
    expect(rules(watch_page)).to_have_text(["Parcel goes", "Cat appears"])
    expect(sheet(watch_page).get_by_role("button", name="Parcel goes")).to_be_focused()
    sheet(watch_page).get_by_role("button", name="Cat appears").click()
    form.get_by_label("Tell me when …").fill("dog")
    form.get_by_role("button", name="Cancel").click()
    expect(rules(watch_page)).to_have_text(["Parcel goes", "Cat appears"])
    expect(sheet(watch_page).get_by_role("button", name="Cat appears")).to_be_focused()


def test_deleted_rule_comes_back_in_its_place_or_goes_for_good(watch_page: Page) -> None:
    watch_page.clock.install()
    for words in ("parcel", "cat", "dog"):
        watch_for(watch_page, words)
    undo = sheet(watch_page).get_by_role("button", name="Undo")

    def delete() -> None:
        sheet(watch_page).get_by_role("button", name="Cat appears").click()
        sheet(watch_page).get_by_role("button", name="Delete").click()
        expect(sheet(watch_page).get_by_text("Deleted: Cat appears")).to_be_visible()
        expect(rules(watch_page)).to_have_text(["Parcel appears", "Dog appears"])

    delete()
    expect(undo).to_be_focused()
    undo.click()
    expect(rules(watch_page)).to_have_text(["Parcel appears", "Cat appears", "Dog appears"])
    delete()
    watch_page.clock.run_for(7000)
    expect(undo).to_be_visible()
    watch_page.clock.run_for(1500)
    expect(undo).to_be_hidden()
    expect(field(watch_page)).to_be_focused()
    watch_page.reload()
    open_sheet(watch_page)
    expect(rules(watch_page)).to_have_text(["Parcel appears", "Dog appears"])


def test_ten_rules_are_enough(watch_page: Page) -> None:
    for number in range(10):
        watch_for(watch_page, f"cat {number}")
    watch_for(watch_page, "parcel")
    expect(note(watch_page)).to_have_text("Ten rules are enough. Delete one to add another.")
    expect(rules(watch_page)).to_have_count(10)
    expect(field(watch_page)).to_have_value("parcel")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("a" * 2000 + "?", "A rule has room for 2,000 characters."),
        ("is " + "a" * 1998, "A rule has room for 2,000 characters."),
        ("a" * 201, "An object has room for 200 characters."),
    ],
)
def test_too_many_words_are_refused_and_kept(watch_page: Page, words: str, refusal: str) -> None:
    watch_for(watch_page, words)
    expect(note(watch_page)).to_have_text(refusal)
    expect(field(watch_page)).to_have_value(words)
    expect(rules(watch_page)).to_have_count(0)


def test_words_are_shown_as_they_are(watch_page: Page) -> None:
    watch_for(watch_page, "<img src=x onerror=alert(1)>")
    expect(rules(watch_page)).to_have_text(["<img src=x onerror=alert(1)> appears"])
    watch_for(watch_page, "is it " + "a" * 1900)
    assert watch_page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_rules_and_their_switches_survive_a_reload(watch_page: Page) -> None:
    watch_for(watch_page, "parcel")
    watch_for(watch_page, "Is the door open?")
    sheet(watch_page).get_by_role("switch", name="Parcel appears").uncheck()
    watch_page.reload()
    expect(watch_page.locator("#bell .bell__count")).to_have_text("2")
    open_sheet(watch_page)
    expect(rules(watch_page)).to_have_text(["Parcel appears", "Is the door open?"])
    expect(sheet(watch_page).get_by_role("switch", name="Parcel appears")).not_to_be_checked()
    expect(sheet(watch_page).get_by_role("switch", name="Is the door open?")).to_be_checked()


def test_two_tabs_have_the_same_rules(paced: PacedServer, watch_page: Page) -> None:
    watch_for(watch_page, "parcel")
    other = watch_page.context.new_page()
    other.goto(paced.url)
    open_sheet(with_camera(other))
    watch_for(other, "cat")
    expect(rules(watch_page)).to_have_text(["Parcel appears", "Cat appears"])
    watch_for(watch_page, "dog")
    expect(rules(other)).to_have_text(["Parcel appears", "Cat appears", "Dog appears"])
    sheet(other).get_by_role("button", name="Parcel appears").click()
    sheet(other).get_by_role("button", name="Delete").click()
    expect(rules(watch_page)).to_have_text(["Cat appears", "Dog appears"])
    sheet(other).get_by_role("button", name="Undo").click()
    expect(rules(watch_page)).to_have_text(["Parcel appears", "Cat appears", "Dog appears"])


@pytest.mark.parametrize(
    ("kept", "n_rules"),
    [
        ("{", 0),
        ([RULE, 7, None, {**RULE, "id": "rule-2", "kind": "toString"}], 1),
        ([{**RULE, "id": f"rule-{n}"} for n in range(11)], 10),
        ([{**RULE, "words": "a" * 100_000}, {**RULE, "id": "rule-2", "sure": {}}], 1),
    ],
    ids=["broken", "others", "eleven", "huge"],
)
def test_what_is_good_in_a_strange_memory_is_taken(
    browser: Browser, paced: PacedServer, visit: Visit, kept: object, n_rules: int
) -> None:
    page = open_sheet(with_camera(visit(browser, paced.url, script=with_rules(kept))))
    expect(rules(page)).to_have_count(n_rules)


def test_rule_sleeps_and_says_why_until_there_is_something_to_see(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(DENIED, FAKE_CAMERA), paced.url, script=with_rules([RULE]))
    open_sheet(page)
    expect(sheet(page).locator(".rule__words")).to_contain_text("Asleep since")
    expect(page.locator("#bell")).to_have_attribute("aria-label", "Watch for it: 1 rule, 0 awake")
    expect(page.locator("#bell .moon")).to_be_hidden()


def test_notifications_are_asked_for_only_when_ticked_and_a_no_is_explained(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = open_sheet(with_camera(visit(browser, paced.url, script=SAYS_NO)))
    watch_for(page, "parcel")
    sheet(page).get_by_role("button", name="Change").click()
    assert page.evaluate("nAsked") == 0
    notification = sheet(page).get_by_label("Notification")
    notification.click()
    expect(note(page)).to_have_text(
        "Notifications are blocked. Open the icon beside the address, allow them, tick again."
    )
    expect(notification).not_to_be_checked()


def test_allowed_notifications_stay_ticked(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    permissions = ["notifications", "camera"]
    page = with_camera(visit(launch(FAKE_CAMERA), paced.url, permissions=permissions))
    open_sheet(page)
    sheet(page).get_by_role("button", name="Change").click()
    sheet(page).get_by_label("Notification").check()
    watch_for(page, "parcel")
    kept = json.loads(page.evaluate("localStorage['moonsight.rules']"))[0]
    assert kept["ways"]["notification"] is True
    expect(note(page)).to_be_hidden()


def test_forbidden_memory_is_said_and_rules_still_work(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = open_sheet(with_camera(visit(browser, paced.url, script=NO_MEMORY)))
    expect(sheet(page).get_by_text(FORGETS)).to_be_visible()
    watch_for(page, "parcel")
    expect(rules(page)).to_have_text(["Parcel appears"])


def test_what_was_told_survives_a_reload_and_what_is_none_is_left_out(watch_page: Page) -> None:
    watch_page.evaluate(WRITE_ALERTS, [ALERT, 12])
    watch_page.reload()
    open_sheet(watch_page)
    told = sheet(watch_page).locator(".told")
    expect(told).to_have_count(10)
    expect(told.first).to_contain_text("Parcel appears")
    expect(told.first).to_contain_text("2 of 3 looks")
    sheet(watch_page).get_by_role("button", name="Show all 12").click()
    expect(told).to_have_count(12)
    expect(told.nth(10)).to_be_focused()


def test_of_many_alerts_the_newest_hundred_are_kept(watch_page: Page) -> None:
    watch_page.evaluate(WRITE_ALERTS, [ALERT, 130])
    watch_page.reload()
    open_sheet(watch_page)
    expect(sheet(watch_page).get_by_role("button", name="Show all 100")).to_be_visible()
    watch_page.wait_for_function(
        """async () => {
          const open = indexedDB.open("moonsight")
          await new Promise((resolve) => { open.onsuccess = resolve })
          const count = open.result.transaction("alerts").objectStore("alerts").count()
          await new Promise((resolve) => { count.onsuccess = resolve })
          open.result.close()
          return count.result === 100
        }"""
    )


@pytest.mark.parametrize(
    "size", [DESK, TABLET, PHONE, SHORT_PHONE], ids=["desk", "tablet", "phone", "short"]
)
def test_sheet_is_readable_fits_and_can_be_touched(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    off = {
        **RULE,
        "id": "rule-2",
        "kind": "question",
        "words": "a" * 300,
        "when": "yes",
        "isOn": False,
    }
    page = visit(browser, paced.url, script=with_rules([RULE, off]), **size)
    page = open_sheet(with_camera(page))
    page.evaluate(WRITE_ALERTS, [ALERT, 3])
    page.reload()
    open_sheet(with_camera(page))
    assert serious_findings(page) == []
    field(page).fill("Is the door open?")
    sheet(page).get_by_role("button", name="Change").click()
    sheet(page).locator(".rule__open").first.click()
    assert serious_findings(page) == []
    width = size["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert sheet(page).evaluate("each => each.scrollWidth <= each.clientWidth")
    if "has_touch" in size:
        assert too_small(page) == []


def too_small(page: Page) -> list[str]:
    """What can be touched in the sheet and is less than 44 high, or narrower than it."""
    return sheet(page).evaluate(
        """(sheet) => [...sheet.querySelectorAll("button, select, label, input")]
          .filter((each) => each.checkVisibility())
          .map((each) => [each.closest("label") ?? each, each])
          .filter(([target]) => {
            const { width, height } = target.getBoundingClientRect()
            return height < 43.5 || width < 43.5
          }).map(([target]) => `${target.className} ${target.getBoundingClientRect().height}`)"""
    )


def test_phone_reaches_the_sheet_by_what_to_look_at_and_gives_the_place_to_it(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, **SHORT_PHONE))
    page.get_by_role("button", name="What to look at", exact=True).click()
    sources = page.get_by_role("region", name="What to look at")
    sources.get_by_role("button", name="Watch for it").click()
    expect(sheet(page)).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_hidden()
    stage, card = page.locator("#stage").bounding_box(), sheet(page).bounding_box()
    assert card["y"] - stage["y"] - stage["height"] == pytest.approx(12, abs=1)
    assert card["y"] + card["height"] == pytest.approx(568, abs=1)
    page.get_by_role("button", name="Close the watch").click()
    expect(page.get_by_label("Your question")).to_be_visible()
    expect(page.get_by_role("button", name="What to look at", exact=True)).to_be_focused()


def test_picture_stays_in_sight_beside_the_sheet(watch_page: Page) -> None:
    for width, height in ((1440, 900), (1024, 700), (820, 1180), (390, 844), (320, 568)):
        resize(watch_page, width, height)
        stage, card = watch_page.locator("#stage").bounding_box(), sheet(watch_page).bounding_box()
        is_beside = card["x"] >= stage["x"] + stage["width"]
        is_below = card["y"] >= stage["y"] + stage["height"]
        assert is_beside or is_below, f"{width}x{height}"
        assert stage["y"] >= 0
        assert stage["height"] >= 150
