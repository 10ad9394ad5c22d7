"""What was asked and seen stays, in this browser alone; it leaves as a file and comes back."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Visit, with_camera
from tests.browser.test_look import serious_findings

COUNT = "() => document.querySelector('#answers-count').textContent"
# So many answers about one picture, a minute apart, the newest first.
FILL = """async (n) => {
  const open = indexedDB.open("moonsight")
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)))
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 })
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"))
  const transaction = database.transaction(["answers", "pictures"], "readwrite")
  const picture = { id: "p", blob, width: 64, height: 36, takenAt: Date.now(), isPast: false }
  transaction.objectStore("pictures").put(picture)
  for (let at = 0; at < n; at += 1) {
    transaction.objectStore("answers").put({
      id: `a${at}`, askedAt: Date.now() - 60_000 * at, pictureId: "p", bytes: blob.size,
      asked: { skill: "query", question: `Is it ${at}?`, isReasoning: false },
      title: `Is it ${at}?`, alert: null,
      outcome: { text: at === n - 1 ? "A kettle." : "A mug.", places: [], reason: "stop",
        timings: null, error: null, spent: null },
      model: { name: "demo" }, settings: {},
    })
  }
  await new Promise((resolve) => (transaction.oncomplete = resolve))
  database.close()
}"""
BLOCKED = """
  const get = () => { throw new DOMException("blocked", "SecurityError") }
  Object.defineProperty(window, "indexedDB", { get })
"""
FULL = """
  const full = () => { throw new DOMException("full", "QuotaExceededError") }
  IDBObjectStore.prototype.put = full
"""
NEWER = """async () => {
  const open = indexedDB.open("moonsight", 99)
  await new Promise((resolve) => (open.onsuccess = resolve))
  open.result.close()
}"""


def cards(page: Page):
    return page.locator(".card:visible")


def titles(page: Page) -> Locator:
    return page.locator(".card:visible .card__question")


def ask(paced: PacedServer, page: Page, question: str, answer: str = "A blue mug.") -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    paced.answer(answer)
    expect(cards(page).first).to_have_attribute("data-state", "done")
    expect(cards(page).first.locator(".card__question")).to_have_text(question)


def find(paced: PacedServer, page: Page, thing: str) -> None:
    page.get_by_label("Your question").fill(f"Find the {thing}")
    page.keyboard.press("Enter")
    paced.begin()
    paced.find(0.25, 0.25, 0.75, 0.75)
    paced.end()
    expect(cards(page).first).to_have_attribute("data-state", "done")


# What has ended stands in the database, which a page that is left does not wait for.
ALL_KEPT = """async () => {
  const done = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result)
  })
  const cards = [...document.querySelectorAll(".card")]
  const ended = cards.filter(({ dataset: { state } }) => ["done", "stopped"].includes(state)).length
  const names = (await indexedDB.databases()).map(({ name }) => name)
  if (!names.includes("moonsight")) return ended === 0
  const database = await done(indexedDB.open("moonsight"))
  const n = await done(database.transaction("answers").objectStore("answers").count())
  database.close()
  return n >= ended
}"""


def reload(page: Page) -> None:
    page.wait_for_function(ALL_KEPT)
    page.reload()
    with_camera(page)


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name="What to do with all answers").click()
    page.get_by_role("button", name=name).click()


def saved(page: Page, name: str, path: Path) -> Path:
    with page.expect_download() as download:
        choose(page, name)
    download.value.save_as(path)
    return path


def bring_in(page: Page, path: Path) -> None:
    page.locator("#answers-file").set_input_files(path)


def told(page: Page):
    return page.locator(".answers__note")


def test_answers_survive_a_reload_with_their_pictures(paced: PacedServer, paced_page: Page) -> None:
    ask(paced, paced_page, "What is on the desk?")
    find(paced, paced_page, "mug")
    expect(paced_page.locator("#answers-count")).to_have_text("2")
    expect(paced_page.locator("#answers-kept")).to_have_text("Kept in this browser")
    reload(paced_page)
    expect(cards(paced_page)).to_have_count(2)
    expect(titles(paced_page)).to_have_text(["Find: mug", "What is on the desk?"])
    newest, oldest = cards(paced_page).all()
    expect(newest).to_contain_text("1 found.")
    expect(newest.locator(".marks__box")).to_have_count(1)
    expect(oldest).to_contain_text("A blue mug.")
    expect(oldest.locator(".card__total")).to_have_text("2.0 s")
    assert oldest.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 0
    # The same picture is asked about again, and kept once.
    oldest.get_by_role("button", name="Ask again, same picture").click()
    paced.answer("A mug.")
    paced_page.wait_for_function(
        "() => document.querySelector('#answers-count').textContent === '3'"
    )
    paced_page.get_by_role("button", name="What to do with all answers").click()
    expect(paced_page.locator(".more__amount")).to_contain_text(
        re.compile(r"^2 pictures, \d+ kB\.")
    )


def test_deleted_answer_comes_back_or_is_gone(paced: PacedServer, paced_page: Page) -> None:
    for question in ("First?", "Second?", "Third?"):
        ask(paced, paced_page, question)
    cards(paced_page).nth(1).get_by_role("button", name="More about this answer").click()
    paced_page.get_by_role("button", name="Delete").click()
    expect(paced_page.locator(".undone")).to_contain_text("Deleted: Second?")
    expect(titles(paced_page)).to_have_text(["Third?", "First?"])
    paced_page.keyboard.press("Enter")
    expect(cards(paced_page)).to_have_count(3)
    expect(titles(paced_page)).to_have_text(["Third?", "Second?", "First?"])
    expect(paced_page.locator(".undone")).to_have_count(0)
    cards(paced_page).first.focus()
    paced_page.keyboard.press("Delete")
    expect(cards(paced_page)).to_have_count(2)
    reload(paced_page)
    expect(cards(paced_page)).to_have_count(2)
    expect(titles(paced_page)).to_have_text(["Second?", "First?"])


def test_all_are_cleared_once_that_is_sure_and_can_be_had_back(
    paced: PacedServer, paced_page: Page
) -> None:
    for question in ("First?", "Second?"):
        ask(paced, paced_page, question)
    choose(paced_page, "Clear all")
    expect(paced_page.locator(".answers__question")).to_have_text("Delete all 2 answers?")
    paced_page.get_by_role("button", name="Keep").click()
    expect(cards(paced_page)).to_have_count(2)
    choose(paced_page, "Clear all")
    paced_page.get_by_role("button", name="Delete", exact=True).click()
    expect(cards(paced_page)).to_have_count(0)
    expect(paced_page.locator("#answers-count")).to_have_text("")
    paced_page.get_by_role("button", name="Undo").click()
    expect(cards(paced_page)).to_have_count(2)
    expect(titles(paced_page)).to_have_text(["Second?", "First?"])


def test_two_tabs_share_every_answer_once(paced: PacedServer, paced_page: Page) -> None:
    ask(paced, paced_page, "First?")
    other = paced_page.context.new_page()
    other.goto(paced.url)
    expect(cards(other)).to_have_count(1)
    ask(paced, paced_page, "Second?")
    expect(cards(other)).to_have_count(2)
    expect(titles(other)).to_have_text(["Second?", "First?"])
    cards(other).first.focus()
    other.keyboard.press("Delete")
    expect(cards(paced_page)).to_have_count(1)
    other.get_by_role("button", name="Undo").click()
    expect(cards(paced_page)).to_have_count(2)
    expect(paced_page.locator("#answers-count")).to_have_text("2")


def test_ten_thousand_answers_come_as_somebody_reads_and_all_are_searched(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.evaluate(FILL, 10_000)
    reload(paced_page)
    expect(paced_page.locator("#answers-count")).to_have_text("10000")
    expect(cards(paced_page).first).to_contain_text("Is it 0?")
    n_first = cards(paced_page).count()
    assert n_first < 200
    paced_page.locator(".answers__scroll").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
    paced_page.wait_for_function(
        "(n) => document.querySelectorAll('.card').length > n", arg=n_first
    )
    paced_page.get_by_role("button", name="Search answers").click()
    paced_page.keyboard.type("kettle")
    expect(paced_page.locator("#search-count")).to_have_text("1 of 10000")
    expect(titles(paced_page)).to_have_text(["Is it 9999?"])
    assert paced_page.evaluate("() => CSS.highlights.get('searched').size") == 1
    assert serious_findings(paced_page) == []
    paced_page.get_by_label("Search in questions").fill("teapot")
    expect(paced_page.locator("#search-count")).to_have_text("Nothing found for “teapot”.")
    paced_page.keyboard.press("Escape")
    expect(cards(paced_page).first).to_contain_text("Is it 0?")
    expect(paced_page.locator("#search")).to_be_hidden()


def test_file_is_brought_in_again_and_is_the_same(
    paced: PacedServer, paced_page: Page, tmp_path: Path
) -> None:
    ask(paced, paced_page, 'What is "on" the <b>desk</b>?', "A mug & a <i>pen</i>.")
    find(paced, paced_page, "mug")
    first = saved(paced_page, "Save as data", tmp_path / "first.json").read_text()
    choose(paced_page, "Clear all")
    paced_page.get_by_role("button", name="Delete", exact=True).click()
    # By then they are gone from the database, too.
    expect(paced_page.locator("#answers-count")).to_be_empty()
    bring_in(paced_page, tmp_path / "first.json")
    expect(told(paced_page)).to_have_text("2 came in, 0 were here already.")
    expect(titles(paced_page)).to_have_text(["Find: mug", 'What is "on" the <b>desk</b>?'])
    again = saved(paced_page, "Save as data", tmp_path / "again.json").read_text()
    without_date = re.compile(r'"exported_at":"[^"]*"')
    assert without_date.sub("", again) == without_date.sub("", first)
    bring_in(paced_page, tmp_path / "again.json")
    expect(told(paced_page)).to_have_text("0 came in, 2 were here already.")
    expect(cards(paced_page)).to_have_count(2)


def test_file_of_others_changes_nothing(
    paced: PacedServer, paced_page: Page, tmp_path: Path
) -> None:
    ask(paced, paced_page, "First?")
    kept = json.loads(saved(paced_page, "Save as data", tmp_path / "kept.json").read_text())
    stranger = kept["answers"][0] | {"id": "x"}
    path = tmp_path / "other.json"
    for content, sentence in {
        json.dumps(
            kept | {"format": "other"}
        ): "This file is not from Moonsight. Nothing was changed.",
        json.dumps(
            kept | {"version": 2}
        ): "This file is from a newer Moonsight. Nothing was changed.",
        # One of two is wrong.
        json.dumps(kept | {"answers": [stranger, stranger | {"id": "y", "skill": "fly"}]}): (
            "Something in this file is not as Moonsight writes it. Nothing was changed."
        ),
    }.items():
        path.write_text(content)
        bring_in(paced_page, path)
        expect(told(paced_page)).to_have_text(sentence)
        expect(cards(paced_page)).to_have_count(1)
    # As large as nobody reads at once.
    with path.open("wb") as file:
        file.truncate(200_000_000)
    bring_in(paced_page, path)
    expect(told(paced_page)).to_have_text("This file is not from Moonsight. Nothing was changed.")


def test_saved_page_needs_no_server_and_says_everything(
    paced: PacedServer, paced_page: Page, visit: Visit, browser: Browser, tmp_path: Path
) -> None:
    ask(paced, paced_page, "What is <script>alert(1)</script>?", "A <b>mug</b>.")
    find(paced, paced_page, "mug")
    path = saved(paced_page, "Save as a page", tmp_path / "answers.html")
    said: list[str] = []
    page = paced_page.context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    assert page.locator("h3").all_inner_texts() == [
        "Find: mug",
        "What is <script>alert(1)</script>?",
    ]
    assert "A <b>mug</b>." in page.locator("article").nth(1).inner_text()
    assert "moondream2 on the GPU" in page.locator("article").first.inner_text()
    expect(page.locator("figure svg rect")).to_have_count(3)
    for image in page.locator("img").all():
        assert image.evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 0
    assert serious_findings(page) == []
    assert said == []


def test_picture_is_saved_with_and_without_its_marks_and_copied(
    paced: PacedServer, paced_page: Page, tmp_path: Path
) -> None:
    find(paced, paced_page, "mug")
    saved = {}
    for name in ("Save the picture", "Save with its marks"):
        cards(paced_page).first.get_by_role("button", name="More about this answer").click()
        with paced_page.expect_download() as download:
            paced_page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / name)
        saved[name] = Image.open(tmp_path / name)
    plain, marked = saved.values()
    assert (plain.format, marked.format) == ("JPEG", "PNG")
    assert plain.size == marked.size
    # Where the left line of the box is, the gold of marks.
    gold = tuple(bytes.fromhex("F3D57B"))
    line = [(round(plain.width / 4) + dx, plain.height // 2) for dx in range(-4, 5)]
    assert gold in [marked.convert("RGB").getpixel(place) for place in line]
    assert gold not in [plain.getpixel(place) for place in line]


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (BLOCKED, "Not kept: this window forgets when it closes."),
        (FULL, "The disk is full. New answers are not kept."),
    ],
)
def test_browser_that_keeps_nothing_is_told_and_the_page_works(
    browser: Browser, paced: PacedServer, visit: Visit, script: str, sentence: str
) -> None:
    page = with_camera(visit(browser, paced.url, script=script))
    for question in ("First?", "Second?"):
        ask(paced, page, question)
    expect(page.locator("#answers-kept")).to_have_text(sentence)
    expect(cards(page)).to_have_count(2)


def test_answers_of_a_newer_version_are_left_alone(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, paced.url)
    page.evaluate(NEWER)
    reload(page)
    ask(paced, page, "First?")
    expect(page.locator("#answers-kept")).to_contain_text("a newer version of this page")


def test_what_is_broken_in_the_database_is_left_out(paced: PacedServer, paced_page: Page) -> None:
    paced_page.evaluate(FILL, 3)
    paced_page.evaluate(
        """async () => {
          const open = indexedDB.open("moonsight")
          await new Promise((resolve) => (open.onsuccess = resolve))
          const store = open.result.transaction("answers", "readwrite").objectStore("answers")
          store.put({ id: "a0", pictureId: "p", askedAt: "soon" })
          store.put({ id: "a1", pictureId: "gone", askedAt: 1 })
          await new Promise((resolve) => (store.transaction.oncomplete = resolve))
          open.result.close()
        }"""
    )
    reload(paced_page)
    expect(cards(paced_page)).to_have_count(1)
    expect(titles(paced_page)).to_have_text(["Is it 2?"])


def test_phone_reaches_what_can_be_done_with_all_answers_by_its_settings(
    browser: Browser, paced: PacedServer, visit: Visit, tmp_path: Path
) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    page.get_by_role("button", name="Settings").click()
    expect(page.locator(".kept__amount")).to_have_text("No pictures")
    page.keyboard.press("Escape")
    ask(paced, page, "What is it?")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as data (JSON)").click()
    assert json.loads(download.value.path().read_text())["answers"][0]["answer"] == "A blue mug."
