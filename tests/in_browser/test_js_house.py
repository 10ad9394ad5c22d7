"""The scripts of the tab keep their plan: rooms know of each other what their order allows."""

import re
from pathlib import Path

import pytest

from in_browser.runtime import HERE

JS = HERE / "js"
MAX_LINES = 300
# Beside itself; what stands above the rooms joins them.
MAY_IMPORT = {
    "network": set(),
    "engine": {"network"},
    "store": set(),
    "tab.js": {"engine", "store"},
    "worker.js": {"tab.js"},
    "moonsight.js": set(),
    "service_worker.js": set(),
    # Lies in the page's own folder: it knows that, and of the tab only how to start the worker.
    "line": {"../plain"},
}
SCRIPTS = sorted(path.relative_to(JS).as_posix() for path in JS.rglob("*.js"))

_IMPORT = re.compile(r'^(?:import|export)\s(?:([^"]*?)\sfrom\s)?"([^"]+)"', re.MULTILINE)


def imports_of(script: str) -> list[tuple[str, Path]]:
    found = _IMPORT.findall((JS / script).read_text(encoding="utf-8"))
    return [(names, (JS / script).parent / address) for names, address in found]


def room_of(path: Path) -> str:
    resolved = path.resolve()
    if not resolved.is_relative_to(JS.resolve()):
        return "outside"
    room = resolved.relative_to(JS.resolve()).parts[0]
    return "../plain" if room == "plain" else room


@pytest.mark.parametrize("script", SCRIPTS)
def test_rooms_import_what_they_may(script: str):
    room = script.split("/")[0]
    others = {room_of(path) for _, path in imports_of(script)} - {room}
    assert others <= MAY_IMPORT[room]


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_is_imported_that_is_not_used(script: str):
    body = _IMPORT.sub("", (JS / script).read_text(encoding="utf-8"))
    imported = [name for names, _ in imports_of(script) for name in re.findall(r"\w+", names)]
    assert [name for name in imported if not re.search(rf"\b{name}\b", body)] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_short(script: str):
    assert len((JS / script).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_line_has_the_interface_of_the_one_to_a_server():
    """What the page calls and hears is there in both, whoever answers."""
    mine, theirs = (
        set(re.findall(r"^  (?:async |get )?(\w+)\(.*\) \{\}?$", path.read_text(), re.MULTILINE))
        for path in (JS / "line/connection.js", HERE.parent / "static/js/line/connection.js")
    )
    assert mine - {"constructor"} == theirs - {"constructor"}
