"""The house keeps its plan: imports point one way, and each library has one home."""

import ast
import re
from pathlib import Path

import pytest

from protocol.request import Skill

ROOT = Path(__file__).parent.parent
MAX_FUNCTION_LINES, MAX_MODULE_LINES, MAX_BROAD_EXCEPTS = 40, 300, 6

# What each room may import of the others; the longest fitting name counts.
MAY_IMPORT = {
    "app": {
        *{"web", "backends", "cameras", "doctor", "narration", "settings", "terminal", "webhook"},
        *{"local_network", "protocol"},
    },
    "doctor": {"model", "checkpoints", "moondream2", "protocol", "settings"},
    "model": {"backends", "settings", "protocol"},
    "backends": {"engine", "checkpoints", "moondream2", "outgoing", "protocol", "settings"},
    "backends.upstream.wire": {"outgoing", "protocol", "settings"},
    "deploy": {"backends", "protocol", "settings"},
    "engine": {"moondream2", "protocol"},
    "cameras": {"protocol"},
    "lan": {"protocol"},
    "local_network": {"lan", "protocol", "settings", "web.loop.tls"},
    "checkpoints": {"moondream2", "protocol"},
    "in_browser": {"checkpoints", "moondream2", "protocol", "settings"},
    "moondream2": {"protocol.places"},
    "web": {"protocol"},
    "web.loop": set(),
    "settings": {"protocol.camera", "protocol.frame", "protocol.hosts"},
    "narration": {"protocol", "settings"},
    "terminal": set(),
    "webhook": {"outgoing", "protocol"},
    "outgoing": {"protocol.errors"},
    "moonsight_mcp": set(),
    "moonsight_eval": {"model", "protocol", "settings"},
    "protocol": set(),
    "protocol.places": set(),
    "protocol.formats": {"protocol"},
}
PARTS = sorted({room.split(".")[0] for room in MAY_IMPORT})

HOMES = {
    "eventlet": {"web/loop/"},
    "cryptography": {"lan/"},
    "ifaddr": {"lan/addresses.py"},
    "segno": {"local_network.py"},
    "brotli": {"web/page_packed.py"},
    "flask": {"app.py", "web/"},
    "flask_socketio": {"web/events.py"},
    "werkzeug": {"web/"},
    "prometheus_client": {"web/metrics.py"},
    "torch": {"backends/loading.py", "engine/runner.py", "in_browser/", "moondream2/"},
    "onnx": {"in_browser/"},
    "av": {"cameras/reader.py"},
    "redis": {"web/redis_queue.py"},
    "ray": {"backends/replicas/connection.py", "deploy/"},
    "safetensors": {"moondream2/weights.py"},
    "huggingface_hub": {"checkpoints/"},
    "httpx2": {"checkpoints/", "outgoing.py", "moonsight_mcp.py", "backends/upstream/wire/"},
    "mcp": {"moonsight_mcp.py"},
    "pydantic": {"moonsight_mcp.py"},
    "transformers": {"moondream2/tokenizer.py"},
    "PIL": {
        "protocol/frame.py",
        "protocol/pixels.py",
        "protocol/tiled.py",
        "doctor/questions.py",
        "moondream2/crops.py",
        "moondream2/resize.py",
    },
}

# Everything that is put in the place of a library's own, and where.
REPAIRS = {
    "backends/replicas/connection.py": {"auto_init_hook.enable_auto_connect"},
    "web/loop/__init__.py": {"http.server"},
    "web/loop/repairs.py": {
        "RFC6455WebSocket._apply_mask",
        "RFC6455WebSocket.Message",
        "Payload.max_decode_packets",
        "Socket.handle_post_request",
        "Socket._websocket_handler",
        "wsgi.MAX_HEADER_LINE",
        "wsgi.MAX_TOTAL_HEADER_SIZE",
    },
    "terminal.py": {"sys.stdout", "sys.stderr"},
}


def files(part: str) -> list[str]:
    """Paths of one part's source files, relative to the root."""
    single = ROOT / f"{part}.py"
    paths = [single] if single.exists() else sorted((ROOT / part).rglob("*.py"))
    return [str(path.relative_to(ROOT)) for path in paths]


SOURCES = [path for part in PARTS for path in files(part)]


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(path): path for path in SOURCES}


def tree_of(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def imports_of(tree: ast.AST) -> set[str]:
    """Dotted names of modules that are imported anywhere in a tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inner & MODULES.keys() or {node.module}
    return names


def is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str:
    return max((room for room in MAY_IMPORT if is_in(name, room)), key=len)


@pytest.mark.parametrize("path", SOURCES)
def test_imports_point_one_way(path: str):
    room = room_of(module_of(path))
    imported = imports_of(tree_of(path)) & MODULES.keys()
    others = {name for name in imported if room_of(name) != room and not is_in(name, room)}
    strays = {name for name in others if not any(is_in(name, may) for may in MAY_IMPORT[room])}
    assert not strays


@pytest.mark.parametrize("path", SOURCES)
def test_each_library_has_its_home(path: str):
    used = {name.split(".")[0] for name in imports_of(tree_of(path))} & HOMES.keys()
    strays = {name for name in used if not path.startswith(tuple(HOMES[name]))}
    assert not strays


def test_no_module_imports_itself_in_a_circle():
    left = {name: imports_of(tree_of(path)) & MODULES.keys() for name, path in MODULES.items()}
    while free := [name for name, imports in left.items() if not imports & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_starting_the_web_tier_does_not_import_torch():
    """The port must be open within two seconds, and importing torch alone takes longer."""
    reached, queue = set(), ["app"]
    while queue:
        name = queue.pop()
        if name in reached or name not in MODULES:
            continue
        reached.add(name)
        top = [each for each in tree_of(MODULES[name]).body if not isinstance(each, ast.If)]
        imports = {each for node in top for each in imports_of(node) if _is_import(node)}
        assert "torch" not in imports, name
        queue += imports


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize(
    "folder", sorted({str(Path(path).parent) for path in SOURCES if "/" in path})
)
def test_every_folder_states_its_rule(folder: str):
    assert ast.get_docstring(tree_of(f"{folder}/__init__.py"))


def replaced_in(tree: ast.Module) -> set[str]:
    """What a module puts in the place of something that it imported."""
    imported = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if _is_import(node)
        for alias in node.names
    }
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    targets = [each for node in assigned for target in node.targets for each in _parts(target)]
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    targets += [node.args[0] for node in called if ast.unparse(node.func) == "setattr"]
    return {
        name
        for name in map(ast.unparse, targets)
        if name.partition(".")[0] in imported and ("." in name or name in imported)
    }


def _parts(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else [target]


@pytest.mark.parametrize("path", SOURCES)
def test_nothing_is_patched_but_what_is_named(path: str):
    """Three classes of libraries were replaced at import while a test said that nothing is."""
    assert "monkey_patch(" not in (ROOT / path).read_text()
    assert replaced_in(tree_of(path)) == REPAIRS.get(path, set())


def test_what_replaces_something_of_a_library_is_noticed():
    code = "import a.b\nfrom c import d\na.b.e = 1\nd.f = 2\nsetattr(d, 'g', 3)\nh = a\n"
    assert replaced_in(ast.parse(code)) == {"a.b.e", "d.f", "d"}


def test_few_places_catch_whatever_comes_and_each_says_why():
    broad = [
        (path, handler.lineno)
        for path in SOURCES
        for handler in ast.walk(tree_of(path))
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException"))
    ]
    assert len(broad) <= MAX_BROAD_EXCEPTS
    for path, line in broad:
        above = (ROOT / path).read_text().splitlines()[line - 2]
        assert above.strip().startswith("#"), f"{path}:{line}"


@pytest.mark.parametrize("path", SOURCES)
def test_every_idea_fits_on_a_screen(path: str):
    long = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long
    assert len((ROOT / path).read_text().splitlines()) <= MAX_MODULE_LINES


def has_code(path: str) -> bool:
    """Whether a module does anything: one of data, names and promises has nothing to be tested."""
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]
    return any(not _is_promise(node) for node in functions)


def _is_promise(function: ast.FunctionDef) -> bool:
    body = [node for node in function.body if not isinstance(node, ast.Expr)]
    return not body


@pytest.mark.parametrize("path", [path for path in SOURCES if has_code(path)])
def test_every_module_has_a_test_of_its_own_name(path: str):
    folder, name = (ROOT / "tests" / path).parent, Path(path).stem
    assert list(folder.glob(f"test_{name}*.py"))


def tree_in_readme() -> dict[str, str]:
    """What README's tree says of each path, of the top level and the one below."""
    block = re.search(r"```\n(app\.py .+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    told, folder = {}, ""
    for line in block[1].splitlines():
        indent, names, words = re.fullmatch(r"( *)((?:\S+ )*?\S+) {2,}(\S.*)", line).groups()
        if not indent:
            folder = names if names.endswith("/") else ""
        told |= {(folder if indent else "") + name: words for name in names.split()}
    return told


def test_the_tree_in_the_readme_names_every_room_and_nothing_else():
    told = tree_in_readme()
    top = {path.partition("/")[0] for path in SOURCES}
    rooms = {name if name.endswith(".py") else f"{name}/" for name in top}
    assert rooms <= told.keys()
    assert not [path for path in told if not (ROOT / path).exists()]


@pytest.mark.parametrize("part", [each for each in PARTS if (ROOT / each).is_dir()])
def test_the_tree_in_the_readme_names_every_file_of_a_room(part: str):
    told = {path for path in tree_in_readme() if path.startswith(f"{part}/")}
    there = {path for path in files(part) if path.count("/") == 1}
    inner = {"/".join(path.split("/")[:2]) + "/" for path in files(part) if path.count("/") > 1}
    assert told - {f"{part}/"} == there - {f"{part}/__init__.py"} | inner


def test_the_readme_names_every_skill_as_it_is_asked_for():
    table = (ROOT / "README.md").read_text().partition("| you send | with |")[2]
    assert [skill for skill in Skill if f"`{skill}`" not in table.partition("| you get")[0]] == []
