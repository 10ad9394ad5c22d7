"""Whoever takes or gives a tensor says its shape, in the letters that the folder explains."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import moondream2

FOLDER = Path(moondream2.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py"))

# `B rows` explains B.
LEGEND = re.compile(r"`([A-Z])`")
TERM = r"(?:…|\d+|[A-Z]|[a-z_]{2,}(?: [a-z]+)*|[a-z])"
AXIS = rf"{TERM}(?: [*/+-] {TERM})*"
SHAPE = re.compile(rf"\(({AXIS}(?:,\s+{AXIS})*)\)")
# Words alone may be anything but the sides of a matrix.
SURE = re.compile(r"[A-Z…\d]|out, in")
LETTER = re.compile(r"\b[A-Z]\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def shapes_in(text: str) -> list[str]:
    """The parenthesised shapes of a text."""
    return [shape for shape in SHAPE.findall(text) if SURE.search(shape)]


@cache
def source(module: str) -> str:
    return (FOLDER / f"{module}.py").read_text()


def mentions_tensor(node: ast.AST | None, names: frozenset[str]) -> bool:
    if node is None:
        return False
    return not names.isdisjoint(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


@cache
def tensor_names() -> frozenset[str]:
    """`Tensor` and what the folder's modules call a type that is made of it."""
    names = {"Tensor"}
    for module in MODULES:
        for node in ast.parse(source(module)).body:
            if isinstance(node, ast.Assign) and mentions_tensor(node.value, frozenset(names)):
                names |= {ast.unparse(target) for target in node.targets}
    return frozenset(names)


def functions(node: ast.AST, around: ast.ClassDef | None = None) -> Iterator[tuple[Function, str]]:
    """Every function below a node, with the docstring of the class that an `__init__` begins."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            begins = around is not None and child.name == "__init__"
            yield child, (ast.get_docstring(around) or "") if begins else ""
        yield from functions(child, child if isinstance(child, ast.ClassDef) else None)


def unsaid(text: str) -> list[str]:
    """Functions of a module's text that keep a shape of theirs to themselves.

    One shape is asked for what comes in and one for what goes out; (…) alone is whatever comes. The
    line above a function may say them, too.
    """
    lines, missing = ["", *text.splitlines()], []
    for function, outside in functions(ast.parse(text)):
        arguments = function.args
        taken = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        takes = any(mentions_tensor(each.annotation, tensor_names()) for each in taken)
        gives = mentions_tensor(function.returns, tensor_names())
        above = lines[min([function, *function.decorator_list], key=lambda n: n.lineno).lineno - 1]
        said = [ast.get_docstring(function) or "", outside, above if "#" in above else ""]
        shapes = shapes_in("\n".join(said))
        if len(shapes) < takes + gives and shapes != ["…"]:
            missing.append(function.name)
    return missing


@pytest.mark.parametrize("module", MODULES)
def test_every_function_of_tensors_says_their_shapes(module: str):
    assert not unsaid(source(module))


def test_every_axis_letter_is_in_the_legend_and_every_letter_there_is_an_axis():
    used = {
        letter
        for module in MODULES
        for shape in shapes_in(source(module))
        for letter in LETTER.findall(shape)
    }
    assert used == set(LEGEND.findall(moondream2.__doc__ or ""))


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("x (B, T, D) and (…)", ["B, T, D", "…"]),
        ("kv: (layers, 2 * kv heads, max_context + 1, K)", None),
        ("a matrix (out, in)", ["out, in"]),
        ("(rows, cols), (width, height), (Apache-2.0), [-1, 1]", []),
        ("(read, the last one is 3)", []),
    ],
)
def test_shape_is_told_from_other_words_in_parentheses(text: str, shapes: list[str] | None):
    assert shapes_in(text) == (re.findall(r"\((.*)\)", text) if shapes is None else shapes)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("def f(x: Tensor): ...", ["f"]),
        ("def f() -> Tensor | None:\n    'A vector.'", ["f"]),
        ("def f(x: Tensor) -> Tensor:\n    'Of (B, D).'", ["f"]),
        ("def f(x: Tensor) -> Tensor:\n    'From (B, D) to (B).'", []),
        ("def f(x: Tensor) -> Tensor:\n    'Any (…).'", []),
        ("# Of (B, D).\n@g\ndef f(x: Tensor): ...", []),
        ("def f(crops: Crops): ...", ["f"]),
        ("def f(x: int) -> int: ...", []),
        ("def f(x: int):\n    def inner(y: Tensor): ...", ["inner"]),
        ("class C:\n    'Of (out, D).'\n    def __init__(self, x: Tensor): ...", []),
        ("class C:\n    'Of (out, D).'\n    def g(self, x: Tensor): ...", ["g"]),
    ],
)
def test_function_that_says_no_shape_is_noticed(text: str, missing: list[str]):
    assert unsaid(text) == missing
