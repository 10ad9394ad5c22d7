"""A script with all that it imports as one file, and a sheet: many to read are one to load.

Each request costs a browser a way to the server and back, and 700 bytes of headers. What is read
stays as it is: a source map tells a browser's tools which line came from where. Comments, a fifth
of what is sent, are left out, and every line keeps its place.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath

_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)$", re.MULTILINE | re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_IMPORT = re.compile(r'^import\s(?:\{([^}"]*)\}\sfrom\s)?"([^"]+)"$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:class|const|(?:async )?function\*?) (\w+))", re.MULTILINE)
_EXPORT_LIST = re.compile(r"\bexport ?\{([^}]*)\};?\s*$")
_CSS_IMPORT = re.compile(r'^@import "([^"]+)";$', re.MULTILINE)
# What would need more than this: a script that is loaded later, a name that changes, a default.
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*|\bimport(?:\.meta|\().*", re.MULTILINE)


class CannotJoin(Exception):
    """A script says what it imports or exports in a way that is not known here."""


@dataclass(frozen=True)
class Joined:
    """One file made of several. parts: what each is called, and how many lines of it are which."""

    text: str
    parts: tuple[tuple[str, int], ...]

    def source_map(self, up: str) -> str:
        """Say which line is which, for the tools of a browser. up: the way to the parts."""
        sections, line = [], 0
        for name, n_lines in self.parts:
            # One line further in both, each time.
            mappings = ";".join(["AAAA", *["AACA"] * (n_lines - 1)])
            told = {"version": 3, "sources": [up + name], "names": [], "mappings": mappings}
            sections.append({"offset": {"line": line, "column": 0}, "map": told})
            line += n_lines
        return json.dumps({"version": 3, "sections": sections})


def join_scripts(folder: Path, entry: str) -> Joined:
    """Join a script and all that it imports, each a function that is called once, in their order.

    entry: a path within the folder; it alone may await. Scripts do not import each other in
    circles. Raises CannotJoin.
    """
    numbers: dict[str, int] = {}
    texts: list[tuple[str, str]] = []

    def add(name: str) -> None:
        source = _without(_COMMENT, (folder / name).read_text(encoding="utf-8"))
        imported = {each: _beside(name, each) for _, each in _IMPORT.findall(source)}
        for other in imported.values():
            if other not in numbers:
                add(other)
        numbers[name] = len(numbers)
        names = {address: f"${numbers[other]}" for address, other in imported.items()}
        texts.append((name, _as_function(name, source, names, numbers[name], name == entry)))

    add(entry)
    return _join(texts)


def join_sheets(folder: Path, entry: str) -> Joined:
    """Join the sheets that a sheet imports, and itself; none of them imports others."""
    own = _without(_CSS_COMMENT, (folder / entry).read_text(encoding="utf-8"))
    names = [*(_beside(entry, each) for each in _CSS_IMPORT.findall(own)), entry]
    sheets = [(name, (folder / name).read_text(encoding="utf-8")) for name in names[:-1]]
    texts = [(name, _without(_CSS_COMMENT, sheet)) for name, sheet in sheets]
    return _join([*texts, (entry, _without(_CSS_IMPORT, own))])


def _join(texts: list[tuple[str, str]]) -> Joined:
    ended = [(name, text if text.endswith("\n") else f"{text}\n") for name, text in texts]
    parts = tuple((name, text.count("\n")) for name, text in ended)
    return Joined("".join(text for _, text in ended), parts)


def _as_function(name: str, source: str, names: dict[str, str], number: int, is_entry: bool) -> str:
    """Write a module as a function whose result is what it exports; each line stays where it is.

    names: what stands for each module that it imports.
    """

    def take(found: re.Match) -> str:
        wanted, address = found.groups()
        taken = f"const {{{wanted.replace(' as ', ': ')}}} = {names[address]};" if wanted else ""
        return taken + "\n" * (found[0].count("\n") - taken.count("\n"))

    exported = [name for _, name in _EXPORT.findall(source)]
    listed = _EXPORT_LIST.search(source)
    if listed:
        pairs = (each.split(" as ") for each in re.split(r"\s*,\s*", listed[1].strip()) if each)
        exported += [f"{pair[-1]}: {pair[0]}" for pair in pairs]
        source = source[: listed.start()]
    text = _EXPORT.sub(r"\1", _IMPORT.sub(take, source)).rstrip("\n")
    if left := _LEFT_OVER.search(text):
        raise CannotJoin(f"{name}: {left[0]}")
    if is_entry:
        return text
    return f"const ${number} = (() => {{{text}\nreturn {{ {', '.join(exported)} }} }})();"


def _without(pattern: re.Pattern, text: str) -> str:
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


def _beside(name: str, address: str) -> str:
    """What a file means by an address, seen from the folder of all."""
    return normpath(PurePosixPath(name).parent / address)
