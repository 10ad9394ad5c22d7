"""Nothing comes from elsewhere, nothing goes elsewhere, and nothing inline is needed."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from protocol.request import MAX_OBJECT_CHARS, MAX_QUESTION_CHARS
from tests.browser.conftest import PacedServer, Server, Visit, with_camera
from tests.browser.paced_server import LIMITS

WATCH_VIOLATIONS = """window.violations = []
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective}: ${event.blockedURI}`)
})"""


def test_page_works_without_a_network_from_its_own_server_alone(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, "about:blank")
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(server.url)
    with_camera(page)
    page.get_by_role("button", name="What colour is the circle?").click()
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)
    # What has no host is the page's own: the kept frame of the card.
    assert hosts - {""} == {f"localhost:{server.port}"}


def test_strictest_content_policy_is_sent_and_never_violated(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=WATCH_VIOLATIONS)
    policy = page.goto(paced.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    with_camera(page)
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    page.get_by_role("button", name="All keys").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert page.evaluate("violations") == []


def test_frame_travels_as_bytes(browser: Browser, paced: PacedServer, visit: Visit) -> None:
    sent: list[str | bytes] = []
    page = visit(browser, "about:blank")
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append(frame)))
    page.goto(paced.url)
    with_camera(page)
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    jpegs = [frame for frame in sent if isinstance(frame, bytes)]
    assert len(jpegs) == 1
    assert jpegs[0].startswith(b"\xff\xd8\xff")


def test_page_keeps_to_the_limits_of_its_server(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, paced.url)
    told = page.evaluate("({ ...document.body.dataset })")
    assert told.pop("darkroom").endswith("/js/looking/darkroom_worker.js")
    assert told == {
        "maxFrameBytes": str(LIMITS.max_bytes),
        "maxFramePixels": str(LIMITS.max_pixels),
        "maxQuestionChars": str(MAX_QUESTION_CHARS),
        "maxObjectChars": str(MAX_OBJECT_CHARS),
        "cameras": "[]",
        "alertHost": "",
        "alertFrames": "false",
    }
