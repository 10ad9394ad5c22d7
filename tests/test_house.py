"""The house keeps its plan: imports point one way, and each library has one home."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_FUNCTION_LINES, MAX_MODULE_LINES = 40, 300
PARTS = (
    "app",
    "model_process",
    "model",
    "loading",
    "checkpoint",
    "settings",
    "protocol",
    "moondream2",
    "engine",
    "hub",
    "web",
)

MAY_IMPORT = {
    "app": {"web", "model_process", "settings", "protocol"},
    "model_process": {"model", "checkpoint", "engine", "settings", "protocol"},
    "model": {"checkpoint", "engine", "loading", "protocol", "settings"},
    "loading": {"checkpoint", "engine", "moondream2", "protocol", "settings"},
    "checkpoint": {"hub", "moondream2", "protocol"},
    "hub": {"moondream2", "protocol"},
    "web": {"protocol"},
    "engine": {"moondream2", "protocol"},
    "protocol": set(),
    "moondream2": set(),
    "settings": set(),
}

HOMES = {
    "eventlet": {"web/bridge.py"},
    "flask": {"app.py", "web/page.py", "web/events.py"},
    "flask_socketio": {"web/events.py"},
    "torch": {"loading.py", "engine/runner.py", "moondream2/"},
    "safetensors": {"moondream2/weights.py"},
    "huggingface_hub": {"hub/"},
    "httpx2": {"hub/"},
    "transformers": {"moondream2/tokenizer.py"},
    "PIL": {
        "model.py",
        "engine/runner.py",
        "protocol/frame.py",
        "moondream2/crops.py",
        "moondream2/network.py",
        "moondream2/resize.py",
    },
}


def files(part: str) -> list[str]:
    """Paths of one part's source files, relative to the root."""
    single = ROOT / f"{part}.py"
    paths = [single] if single.exists() else sorted((ROOT / part).rglob("*.py"))
    return [str(path.relative_to(ROOT)) for path in paths]


SOURCES = [(part, path) for part in PARTS for path in files(part)]


def imports_of(path: str) -> set[str]:
    """Dotted names that a file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize(("part", "path"), SOURCES)
def test_imports_point_one_way(part: str, path: str):
    others = {name.split(".")[0] for name in imports_of(path)} & set(PARTS) - {part}
    assert others <= MAY_IMPORT[part]


@pytest.mark.parametrize(("part", "path"), SOURCES)
def test_each_library_has_its_home(part: str, path: str):
    used = {name.split(".")[0] for name in imports_of(path)} & HOMES.keys()
    strays = {name for name in used if not path.startswith(tuple(HOMES[name]))}
    assert not strays


def test_no_module_imports_itself_in_a_circle():
    modules = {path.removesuffix(".py").replace("/", "."): imports_of(path) for _, path in SOURCES}
    left = {name: imports & modules.keys() for name, imports in modules.items()}
    while free := [name for name, imports in left.items() if not imports & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_starting_the_web_tier_does_not_import_torch():
    """The port must be open within two seconds, and importing torch alone takes longer."""
    reached, queue = set(), ["app"]
    modules = {path.removesuffix(".py").replace("/", "."): path for _, path in SOURCES}
    while queue:
        name = queue.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        tree = ast.parse((ROOT / modules[name]).read_text())
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                queue.append(node.module)
            elif isinstance(node, ast.Import):
                queue += [alias.name for alias in node.names]
            assert not (isinstance(node, ast.Import) and node.names[0].name == "torch"), name


@pytest.mark.parametrize("part", [part for part in PARTS if (ROOT / part).is_dir()])
def test_every_folder_states_its_rule(part: str):
    assert ast.get_docstring(ast.parse((ROOT / part / "__init__.py").read_text()))


def test_nothing_is_monkey_patched():
    assert not [path for _, path in SOURCES if "monkey_patch(" in (ROOT / path).read_text()]


@pytest.mark.parametrize(("part", "path"), SOURCES)
def test_every_idea_fits_on_a_screen(part: str, path: str):
    tree = ast.parse((ROOT / path).read_text())
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long
    assert len((ROOT / path).read_text().splitlines()) <= MAX_MODULE_LINES
