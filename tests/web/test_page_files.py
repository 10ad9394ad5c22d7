"""Files of the page: kept by browsers for as long as they are what they were."""

from pathlib import Path

from flask import Flask

from web.page_files import FOREVER, PageFiles


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
