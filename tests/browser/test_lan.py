"""The page by TLS, as another device of the network opens it."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, with_camera
from tests.server import serve

# Of a certificate that somebody only clicked away a browser takes no service worker.
UNTRUSTED = re.compile("fetching the script")


def test_page_answers_by_tls(browser: Browser, checkpoint, tmp_path: Path, visit: Visit) -> None:
    with serve("--lan", "--model", "demo", XDG_CONFIG_HOME=str(tmp_path)) as server:
        server.wait_until_ready()
        found = re.search(r"localhost:\d+/\?token=(\S+)", server.stdout.text)
        assert found
        url = f"https://127.0.0.1:{server.port}"
        page = visit(browser, f"{url}/?token={found[1]}", allow=UNTRUSTED, ignore_https_errors=True)
        page.wait_for_url(f"{url}/")
        expect(page.locator(".header .promise")).to_have_text("Open to this network")
        with_camera(page)
        page.get_by_label("Your question").fill("What do you see?")
        page.keyboard.press("Enter")
        expect(page.locator(".card").first).to_have_attribute("data-state", "done")
        expect(page.locator(".card__text").first).to_contain_text("red circle", ignore_case=True)
