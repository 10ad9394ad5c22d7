"""Files of the page: kept by browsers for as long as they are what they were."""

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.page_files import FOREVER, PageFiles, serve_files


def kept(files: PageFiles, version: str) -> str | None:
    """For how long a browser keeps main.js."""
    with Flask(__name__).test_request_context(), files.send("main.js", version) as response:
        response.direct_passthrough = False
        return response.headers["Cache-Control"]


def test_file_that_the_page_loads_is_asked_for_once_and_again_when_it_changed(tmp_path: Path):
    """A hundred files were each asked about at every visit."""
    (tmp_path / "main.js").write_text("1")
    files = PageFiles(tmp_path)
    before = files.version
    assert kept(files, before) == FOREVER
    (tmp_path / "main.js").write_text("22")
    after = PageFiles(tmp_path)
    assert after.version != before
    assert kept(after, after.version) == FOREVER
    # What an open page may still ask for.
    assert kept(after, before) != FOREVER


def test_file_that_vanishes_while_it_is_looked_at_is_left_out(tmp_path: Path):
    """An editor's own files come and go."""
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert PageFiles(tmp_path).version


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """Of a server whose page is two scripts and two sheets."""
    static = tmp_path / "static"
    for name, text in {
        "js/main.js": 'import { one } from "./one.js"\nconsole.log(one)\n',
        "js/one.js": "// One.\nexport const one = 1\n",
        "css/page.css": '@import "one.css";\n',
        "css/one.css": "a { b: c; }\n",
        "pixel.png": "\x89PNG",
    }.items():
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        (static / name).write_text(text)
    (tmp_path / "secret.js").write_text("nobody reads this")
    app = Flask(__name__, root_path=str(tmp_path))
    version = serve_files(app).version
    client = app.test_client()
    client.application.config["VERSION"] = version
    return client


def loaded(client: FlaskClient, name: str) -> str:
    """A file from where the page has it."""
    return client.get(f"/static/v/{client.application.config['VERSION']}/{name}").text


def test_page_loads_a_script_with_all_that_it_imports(client: FlaskClient):
    assert "const one = 1" in loaded(client, "js/main.js")
    assert "a { b: c; }" in loaded(client, "css/page.css")


def test_file_is_found_as_it_is_written_at_its_plain_address(client: FlaskClient):
    assert client.get("/static/js/main.js").text.startswith("import { one }")
    assert client.get("/static/js/one.js").text == "// One.\nexport const one = 1\n"
    assert loaded(client, "js/one.js") == "// One.\nexport const one = 1\n"


@pytest.mark.parametrize(
    ("name", "part"), [("js/main.js", "js/one.js"), ("css/page.css", "css/one.css")]
)
def test_tools_of_a_browser_are_led_to_the_files_that_it_is_made_of(
    client: FlaskClient, name: str, part: str
):
    file = name.rpartition("/")[2]
    assert f"sourceMappingURL={file}.map" in loaded(client, name)
    sections = json.loads(loaded(client, f"{name}.map"))["sections"]
    sources = [source for each in sections for source in each["map"]["sources"]]
    # From /static/v/VERSION/js/ to /static/.
    assert sources == [f"../../../{part}", f"../../../{name}"]
    assert client.get(f"/static/{part}").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["nowhere.js", "js", "js/", "../secret.js", "..%2fsecret.js", "js/%00.js", "js/one.js.map"],
)
def test_what_is_no_file_of_the_page_is_not_found(client: FlaskClient, name: str):
    assert client.get(f"/static/{name}").status_code == 404
    assert client.get(f"/static/v/anything/{name}").status_code == 404


def test_pictures_are_sent_as_they_are_and_in_parts(client: FlaskClient):
    wanted = {"Range": "bytes=0-1", "Accept-Encoding": "br"}
    with client.get("/static/pixel.png", headers=wanted) as part:
        assert (part.status_code, len(part.data)) == (206, 2)
        assert "Content-Encoding" not in part.headers
