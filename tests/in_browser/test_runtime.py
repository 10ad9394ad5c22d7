"""The runtime: fetched once, and a sentence where it cannot be."""

import json
import shutil
from pathlib import Path

import pytest

from in_browser.runtime import HERE, PACKAGE, NoRuntime, fetch, is_fetched


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One for which nothing was fetched."""
    shutil.copyfile(HERE / "package.json", tmp_path / "package.json")
    return tmp_path


def test_computer_without_node_is_told_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoRuntime, match=r"Node\.js"):
        fetch(project)


def test_runtime_that_is_here_is_not_fetched_again(project: Path, monkeypatch: pytest.MonkeyPatch):
    """Two that wrote a page at once took it away from each other."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    told = project / "node_modules" / PACKAGE / "package.json"
    told.parent.mkdir(parents=True)
    told.write_text('{"version": "0.0.1"}')
    assert not is_fetched(project)
    version = json.loads((project / "package.json").read_text())["dependencies"][PACKAGE]
    told.write_text(json.dumps({"version": version}))
    assert is_fetched(project)
    fetch(project)
