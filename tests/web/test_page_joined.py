"""A script with all that it imports is one that does the same; every line knows where it was."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from web.page_joined import CannotJoin, join_scripts, join_sheets

FILES = {
    "main.js": """// Begins.
import {
  one, two as deux,
} from "./inner/numbers.js"
import "./inner/said.js"

console.log(one, deux(), await Promise.resolve(3))
""",
    "inner/numbers.js": """import { said } from "./said.js"
import { three } from "../vendor/packed.js"

export const one = `1 // ${three}`
// A word.
export function two() {
  return said
}
export async function* later() {}
export class Name {}
""",
    "inner/said.js": 'export const said = "2"\nconsole.log("once")\n',
    "vendor/packed.js": """/* Whose
   it is. */
const a=3;export{a as three,a as default};
//# sourceMappingURL=packed.js.map
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def said_by(script: Path) -> str:
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_joined_script_does_what_it_did_before(folder: Path, tmp_path: Path):
    joined = tmp_path / "joined.mjs"
    joined.write_text(join_scripts(folder, "main.js").text)
    (folder / "package.json").write_text('{"type": "module"}')
    assert said_by(joined) == said_by(folder / "main.js") == "once\n1 // 3 2 3\n"


def test_each_line_is_told_to_come_from_where_it_was(folder: Path):
    joined = join_scripts(folder, "main.js")
    told = json.loads(joined.source_map("../"))
    starts = {each["map"]["sources"][0]: each["offset"]["line"] for each in told["sections"]}
    lines = joined.text.split("\n")
    for name, words in [
        ("main.js", "console.log(one, deux"),
        ("inner/numbers.js", "return said"),
        ("vendor/packed.js", "const a=3"),
    ]:
        before = FILES[name].split("\n")
        at = next(i for i, line in enumerate(before) if words in line)
        assert words in lines[starts[f"../{name}"] + at]
    n_told = sum(each["map"]["mappings"].count(";") + 1 for each in told["sections"])
    assert n_told == len(lines) - 1


def test_comments_are_not_sent(folder: Path):
    text = join_scripts(folder, "main.js").text
    assert "Begins" not in text
    assert "Whose" not in text
    assert "sourceMappingURL" not in text
    assert "`1 // ${three}`" in text


@pytest.mark.parametrize(
    "line",
    [
        'const { a } = await import("./said.js")',
        "export default 1",
        "export let a = 1",
        "export const { a } = b",
        'export * from "./said.js"',
        'import a from "./said.js"',
        "console.log(import.meta.url)",
    ],
)
def test_what_would_do_something_else_is_refused(folder: Path, line: str):
    (folder / "inner/said.js").write_text(f"{line}\n")
    with pytest.raises(CannotJoin, match=r"inner/said\.js"):
        join_scripts(folder, "main.js")


def test_sheets_are_joined_in_their_order_without_comments(tmp_path: Path):
    (tmp_path / "page.css").write_text('/* All. */\n@import "b.css";\n@import "a.css";\n')
    (tmp_path / "a.css").write_text("a { x: y; }")
    (tmp_path / "b.css").write_text("/* Two\nlines. */\nb { x: url(//y); }\n")
    joined = join_sheets(tmp_path, "page.css")
    assert joined.text == "\n\nb { x: url(//y); }\na { x: y; }\n\n\n\n"
    assert joined.parts == (("b.css", 3), ("a.css", 1), ("page.css", 3))
