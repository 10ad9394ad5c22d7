"""The page's scripts and sheets keep their plan, as tests/test_house.py has it for Python."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from PIL import ImageColor

from protocol.request import MAX_TOKENS, SamplingParams, Skill
from protocol.upstream import MAX_MODEL_CHARS, MAX_WORDS_CHARS, Coordinates, UpstreamParams
from web.page_joined import join_scripts, join_sheets

ROOT = Path(__file__).parent.parent
JS, CSS = ROOT / "static" / "js", ROOT / "static" / "css"
MAX_LINES = 300

ROOMS = {"line", "asking", "looking", "pointing", "answers", "history", "live"} | {
    "tray",
    "sharing",
    "upstream",
    "settings",
    "page",
}
# Beside itself. What one room has for another goes through parts.js and wires.
MAY_IMPORT = {
    "main.js": {"parts.js", "plain", "wires"},
    "parts.js": ROOMS,
    "wires": {"parts.js", "plain", "asking", "answers", "history", "page"},
    "scenes.js": set(),
    "theme.js": set(),
    "plain": {"vendor"},
    "line": {"plain", "vendor"},
    "asking": {"plain"},
    "looking": {"plain"},
    "pointing": {"plain"},
    "answers": {"plain"},
    "history": {"plain"},
    "tray": {"plain"},
    "live": {"plain"},
    "sharing": {"plain"},
    "upstream": {"plain"},
    "settings": {"plain"},
    "page": {"plain"},
}
ENTRIES = (
    "main.js",
    "scenes.js",
    "theme.js",
    "line/service_worker.js",
    "looking/darkroom_worker.js",
)

# What leaves the page has the names of the wire: by the line, and as a file.
WIRES = {"line/wire.js", "history/data_file.js"}
# Names of others: an event of the vendored socket, an address of the server.
FOREIGN_WORDS = {"line/connection.js": {"connect_error"}, "line/offline.js": {"service_worker"}}
SKILLS = "asking/skills.js"
# What a person can choose: a look is what the page does by itself.
CHOSEN = [skill for skill in Skill if skill not in (Skill.LOOK, Skill.CHECK)]

_IMPORT = re.compile(r'^(?:import|export)\s(?:([^"]*?)\sfrom\s)?"([^"]+)"', re.MULTILINE)
_DYNAMIC_IMPORT = re.compile(r"\bimport\(")
_SNAKE_CASE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\("
    rf"|(?<![-\w])(?:{'|'.join(ImageColor.colormap)})(?![-\w])",
    re.IGNORECASE,
)

SCRIPTS = sorted(path.relative_to(JS).as_posix() for path in JS.rglob("*.js"))
SHEETS = sorted(path.name for path in CSS.glob("*.css"))


def source(script: str) -> str:
    return (JS / script).read_text(encoding="utf-8")


def imports_of(script: str) -> Iterator[tuple[str, str]]:
    """What each import statement names, and the script it names it from, seen from static/js."""
    for names, address in _IMPORT.findall(source(script)):
        path = (JS / script).parent.joinpath(address).resolve()
        inside = path.relative_to(JS if path.is_relative_to(JS) else JS.parent)
        yield names, inside.as_posix()


def room_of(script: str) -> str:
    return script.split("/")[0]


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("script", SCRIPTS)
def test_rooms_import_what_they_may(script: str):
    others = {room_of(other) for _, other in imports_of(script)} - {room_of(script)}
    assert others <= MAY_IMPORT[room_of(script)]
    assert not _DYNAMIC_IMPORT.search(source(script))


def test_no_script_imports_itself_in_a_circle():
    left = {script: {other for _, other in imports_of(script)} for script in SCRIPTS}
    while free := [name for name, imports in left.items() if not imports & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_every_script_is_loaded_by_a_page():
    reached, queue = set(), list(ENTRIES)
    while queue:
        script = queue.pop()
        if script not in reached and room_of(script) != "vendor":
            reached.add(script)
            queue += [other for _, other in imports_of(script)]
    assert reached == set(SCRIPTS)


def test_every_sheet_is_loaded_by_a_page():
    joined = {Path(name).name for name, _ in join_sheets(JS.parent, "css/page.css").parts}
    others = ROOT.glob("templates/*.html")
    named = set(re.findall(r'"(\w+)"', "".join(page.read_text() for page in others)))
    assert {sheet for sheet in SHEETS if sheet.removesuffix(".css") not in named} <= joined
    assert joined <= set(SHEETS)


def test_script_of_the_page_can_be_sent_as_one_file():
    """Written in words that web/page_joined.py knows; it refuses what it does not."""
    joined = {name for name, _ in join_scripts(JS.parent, "js/main.js").parts}
    alone = {f"js/{name}" for name in ENTRIES[1:]}
    own = {name for name in joined if not name.startswith("vendor/")}
    assert own | alone == {f"js/{script}" for script in SCRIPTS}


@pytest.mark.parametrize("script", [each for each in SCRIPTS if each != "main.js"])
def test_script_that_is_imported_awaits_nothing_at_its_top(script: str):
    """Sent as one file, it is a function that is called once."""
    assert not re.search(r"^(?:await|for await|const .*= await)\b", source(script), re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS)
def test_words_over_several_lines_have_none_that_looks_like_a_comment(script: str):
    """The page is sent without the lines that begin as comments do."""
    before = ""
    for line in source(script).splitlines():
        if line.strip().startswith(("//", "/*")):
            assert before.count("`") % 2 == 0, line
        else:
            before += line


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_is_imported_that_is_not_used(script: str):
    body = _IMPORT.sub("", source(script))
    imported = [name for names, _ in imports_of(script) for name in re.findall(r"\w+", names)]
    assert [name for name in imported if not re.search(rf"\b{name}\b", body)] == []


@pytest.mark.parametrize("room", sorted({"plain"} | ROOMS))
def test_main_states_the_rule_of_every_room(room: str):
    assert re.search(rf"^//   {room}/ ", source("main.js"), re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_short(script: str):
    assert len(source(script).splitlines()) <= MAX_LINES


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script not in WIRES])
def test_names_on_the_wire_are_known_where_it_ends(script: str):
    names = set(_SNAKE_CASE.findall(_IMPORT.sub("", source(script))))
    assert names <= FOREIGN_WORDS.get(script, set())


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script != SKILLS])
def test_skills_are_named_in_one_table(script: str):
    assert re.findall(rf'"(?:{"|".join(CHOSEN)})"', source(script)) == []


def test_table_of_skills_is_what_the_page_offers_and_what_the_server_takes():
    table = re.search(r"^export const SKILLS = \{$(.*?)^\}$", source(SKILLS), re.M | re.DOTALL)
    assert table
    rows = re.findall(r"^  (\w+): \{$", table[1], re.MULTILINE)
    verbs = re.findall(r"^    verb: \"(\w+)\",$", table[1], re.MULTILINE)
    templates = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
    page = templates.get_template("index.html").render(limits={}, url_for=lambda *_, **__: "")
    radios = re.findall(r'<input type="radio" name="skill" value="(\w+)".*?<span>(\w+)<', page)
    assert list(zip(rows, verbs, strict=True)) == radios
    assert set(rows) == set(CHOSEN)


def test_wishes_of_another_server_have_the_bounds_and_the_usual_values_of_the_protocol():
    script, page = source("upstream/wishes.js"), (ROOT / "templates/model.html").read_text()
    bounds = dict(re.findall(r"^const (MAX_\w+) = (\d+)$", script, re.MULTILINE))
    names = ("MAX_MODEL_CHARS", "MAX_WORDS_CHARS", "MAX_TOKENS")
    assert {name: int(bounds[name]) for name in names} == {
        "MAX_MODEL_CHARS": MAX_MODEL_CHARS,
        "MAX_WORDS_CHARS": MAX_WORDS_CHARS,
        "MAX_TOKENS": MAX_TOKENS,
    }
    assert set(re.findall(r'maxlength="(\d+)"', page)) == {
        bounds["MAX_MODEL_CHARS"],
        bounds["MAX_WORDS_CHARS"],
    }
    assert set(re.findall(r'max="(\d+)"', page)) == {
        bounds["MAX_TOKENS"],
        bounds["MAX_TEMPERATURE"],
    }
    usual, sampling = UpstreamParams(), SamplingParams()
    assert f"longerSidePx: {usual.longer_side_px}, quality: {usual.quality} }}" in script
    assert f"maxTokens: {sampling.max_tokens}, temperature: {sampling.temperature:g}," in script
    assert re.findall(r"\w+", re.search(r"COORDINATES = \[(.*?)\]", script)[1]) == [*Coordinates]


def test_settings_offer_what_can_be_chosen_and_no_more_than_the_protocol_takes():
    parts, script = ("settings", "kept"), source("settings/choices.js")
    page = "".join((ROOT / f"templates/{part}.html").read_text() for part in parts)
    table = dict(re.findall(r"^  (\w+): \[(.*)\],$", script, re.MULTILINE))
    words = {name: values.replace("_", "") for name, values in table.items()}
    chosen = {name: re.findall(r"[\w.]+", values) for name, values in words.items()}
    sets = dict(re.findall(r"set (\w+) = \{(.*)\}", page))
    offered = {
        name: re.findall(r'"([\w.]+)":', sets[options])
        for name, options in re.findall(r'selecting\("(\w+)", (\w+)', page)
    }
    assert offered == {name: each for name, each in chosen.items() if name in offered}
    assert offered.keys() | {"hasSingleKeys", "isReasoning", "hasRewind"} == chosen.keys()
    assert max(map(int, offered["maxTokens"])) <= MAX_TOKENS
    assert "Twelve" in page
    assert "MAX_SUGGESTIONS = 12" in script


def test_every_page_has_its_theme_before_its_first_colour():
    """A sheet that came first would be painted by it, and painted over."""
    for name in ("index", "scenes", "programs", "offline"):
        page = (ROOT / f"templates/{name}.html").read_text()
        assert 0 < page.index("js/theme.js") < page.index('rel="stylesheet"')
        assert not re.search(r"<script[^>]*(?:async|defer|module)[^>]*theme\.js", page)


@pytest.mark.parametrize("sheet", [sheet for sheet in SHEETS if sheet != "tokens.css"])
def test_colours_are_tokens(sheet: str):
    rules = without_comments((CSS / sheet).read_text(encoding="utf-8"))
    # A state may be called by a colour: the picture of a camera is black.
    assert _COLOUR.findall(re.sub(r"\[data-state=.*?\]", "", rules)) == []


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_part_of_a_card_depends_on_what_the_card_or_the_list_has(sheet: str):
    """At each word every card of a list was styled anew: six times the work, with 150 of them."""
    rules = without_comments((CSS / sheet).read_text(encoding="utf-8"))
    selectors = re.findall(r"[^{},]*:has\([^{]*", rules)
    assert [each for each in selectors if re.search(r":has\(.*\)[^()]* \.card__", each)] == []
    # All that is in them, every card too, would be searched at each change.
    searched = re.compile(r"(?:\.page|\.answers\w*)(?::not\()?:has\((?![>+] )")
    assert [each for each in selectors if searched.search(each)] == []


_READ_BACK = re.compile(
    r"\.(?:textContent|innerText|innerHTML|outerText|nodeValue|wholeText|ariaLabel|alt)\b(?! = )"
    r"|getAttribute\(\"(?:aria-label|alt|title|placeholder)\"\)|\bcreateTreeWalker\b|\bNodeFilter\b"
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_reads_words_back_from_the_page(script: str):
    """A browser that translates the page changes them: a suggestion was no longer what it said."""
    assert _READ_BACK.findall(source(script)) == []
