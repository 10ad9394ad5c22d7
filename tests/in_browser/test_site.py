"""The folder that a host serves: nothing in it needs a server of its own."""

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from in_browser import site
from in_browser.site import CONTENT_POLICY, write_service_worker, write_site
from settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all but the runtime, which the browser's tests have."""
    monkeypatch.setattr(site, "write_runtime", lambda folder: None)
    write_site(tmp_path, Settings().frame_limits)
    return tmp_path


@pytest.mark.parametrize("page", ["index.html", "scenes/index.html"])
def test_page_finds_everything_beside_itself(folder: Path, page: str):
    """So it can be served from any address, such as a project's page below a user's."""
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', (folder / page).read_text())
    assert addresses
    for address in addresses:
        assert not re.match(r"/|[a-z]+:", address)
        found = (folder / page).parent / address
        assert found.exists()


def test_page_runs_no_script_from_elsewhere(folder: Path):
    assert CONTENT_POLICY.replace("'", "&#39;") in (folder / "index.html").read_text()


def test_page_has_no_line_to_a_server(folder: Path):
    scripts = "".join(path.read_text() for path in folder.rglob("*.js"))
    assert "socket.io" not in scripts


def test_folder_is_written_anew_without_what_was_there(folder: Path):
    (folder / "tab" / "old.js").write_text("")
    write_site(folder, Settings().frame_limits)
    assert not (folder / "tab" / "old.js").exists()


def shell_of(folder: Path) -> dict:
    write_service_worker(folder)
    script = (folder / "service_worker.js").read_text()
    return json.JSONDecoder().raw_decode(script.removeprefix("const SHELL = "))[0]


def test_service_worker_names_every_file_of_the_page_as_it_is(folder: Path):
    (folder / "models" / "demo").mkdir(parents=True)
    for name in ("models.json", "demo/model.json", "demo/weights-001.bin"):
        (folder / "models" / name).write_text("{}")
    files = shell_of(folder)["files"]
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    page = written - {"service_worker.js", "models/demo/weights-001.bin"}
    assert files.keys() == {name.removesuffix("index.html") for name in page}
    for name, integrity in files.items():
        path = folder / name / "index.html" if name in ("", "scenes/") else folder / name
        assert b64decode(integrity.removeprefix("sha256-")) == sha256(path.read_bytes()).digest()


def test_page_has_another_version_after_any_change(folder: Path):
    before = shell_of(folder)["version"]
    assert shell_of(folder)["version"] == before
    with (folder / "static" / "css" / "base.css").open("a") as file:
        file.write(" ")
    assert shell_of(folder)["version"] != before


def test_page_gets_its_sheets_as_one(folder: Path):
    sheet = (folder / "static" / "css" / "page.css").read_text()
    assert "@import" not in sheet
    for rule in (".stage {", ".card {", ".tray "):
        assert rule in sheet
