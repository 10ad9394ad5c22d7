"""A person's variables, cache and rights, each in a real process: each has a reason of its own.

Some of these end the import of huggingface_hub, some every request, some the download alone.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkpoints.surroundings import proxy_to
from tests.checkpoints.fake_hub import FakeHub, serve_hub
from tests.rights import CLOSED, without_rights

ROOT = Path(__file__).parents[2]
STORY = """
from checkpoints.checkpoint import parse_model
found = parse_model("auto", "2025-06-21").find(lambda progress: None)
print(found.name, found.notice, sep="\\n")
"""
NOT_INHERITED = ("HF_", "HUGGING", "SSL_CERT", "MOONSIGHT")

# What a person has set, with {home} of their own, a {closed} folder, a {read_only} one and a
# {file}; and what they are told.
REFUSED = {
    "cache in a closed folder": (
        {"HF_HUB_CACHE": "{closed}/hub"},
        "Nothing can be kept in the cache {closed}/hub: {closed}: Permission denied. Set"
        " HF_HUB_CACHE to a folder of your own, or change the permissions.",
    ),
    "cache that is a closed folder": (
        {"HF_HUB_CACHE": "{closed}"},
        "Nothing can be kept in the cache {closed}: Permission denied. Set HF_HUB_CACHE",
    ),
    "home in a closed folder": (
        {"HF_HOME": "{closed}/home"},
        "Nothing can be kept in the cache {closed}/home/hub: {closed}: Permission denied. Set"
        " HF_HOME",
    ),
    "home that may only be read": (
        {"HF_HOME": "{read_only}"},
        "Nothing can be kept in the cache {read_only}/hub: {read_only}: Permission denied.",
    ),
    "home that is a file": (
        {"HF_HOME": "{file}"},
        "Nothing can be kept in the cache {file}/hub: {file}: it is a file. Set HF_HOME",
    ),
    "cache that is a file": (
        {"HF_HUB_CACHE": "{file}"},
        "Nothing can be kept in the cache {file}: it is a file. Set HF_HUB_CACHE",
    ),
    "SOCKS": (
        {"ALL_PROXY": "socks5://127.0.0.1:1080"},
        "ALL_PROXY names a SOCKS proxy, and the Python package socksio, which speaks with one, is"
        " missing. Run pip install socksio",
    ),
    "proxy of an unknown kind": (
        {"HTTP_PROXY": "gopher://ann:secret@proxy"},
        "HTTP_PROXY names no address of a proxy",
    ),
    "certificates missing": (
        {"SSL_CERT_FILE": "/no/such.pem"},
        'SSL_CERT_FILE is "/no/such.pem", where no certificates can be read: no such file',
    ),
    "certificates that are none": (
        {"SSL_CERT_FILE": "{file}"},
        'SSL_CERT_FILE is "{file}", where no certificates can be read: no certificate',
    ),
    "endpoint without a scheme": (
        {"HF_ENDPOINT": "huggingface.co"},
        'HF_ENDPOINT is "huggingface.co", no address of a hub',
    ),
    "endpoint with an impossible port": (
        {"HF_ENDPOINT": "http://ann:secret@localhost:99999"},
        'HF_ENDPOINT is "http://localhost:99999", no address of a hub',
    ),
    "timeout that is no number": (
        {"HF_HUB_DOWNLOAD_TIMEOUT": "soon"},
        'HF_HUB_DOWNLOAD_TIMEOUT is "soon", not a whole number of seconds.',
    ),
}
# What a person has set, and what they are warned of while moondream2 comes all the same.
WARNED = {
    "token with a curly quote": ({"HF_TOKEN": "hf_“a”"}, "The token in HF_TOKEN holds '“'"),
    "token that the hub refuses": ({"HF_TOKEN": "hf_old"}, "refuses the token in HF_TOKEN"),
    "token that nobody may read": (
        {"HF_TOKEN_PATH": "{closed}/token"},
        "The token in {closed}: Permission denied. The hub is asked without it.",
    ),
    "token that cannot be had": ({"HF_OIDC_RESOURCE": "x"}, "HF_OIDC_RESOURCE brought no token"),
}


class Persons:
    """Runs the same program for persons with all these surroundings, two at a time."""

    def __init__(self, hub: FakeHub, folder: Path) -> None:
        self._hub, self._folder = hub, folder
        self.places = {name: str(folder / name) for name in ("closed", "read_only", "file")}
        with ThreadPoolExecutor(2) as pool:
            cases = (REFUSED | WARNED).items()
            ran = pool.map(self._run, *zip(*((name, case[0]) for name, case in cases), strict=True))
            self.ran = dict(zip(REFUSED | WARNED, ran, strict=True))

    def _run(self, name: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(NOT_INHERITED) and "proxy" not in key.lower()
        }
        own = {"HF_ENDPOINT": self._hub.url, "HF_HOME": str(self._folder / name)}
        own["HF_HUB_DISABLE_TELEMETRY"] = "1"
        own |= {key: value.format(**self.places) for key, value in variables.items()}
        command = without_rights([sys.executable, "-c", STORY])
        return subprocess.run(
            command, cwd=ROOT, env=inherited | own, capture_output=True, text=True, timeout=60
        )


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Persons]:
    folder = tmp_path_factory.mktemp("persons")
    for name, mode in (("closed", CLOSED), ("read_only", 0o555)):
        (folder / name).mkdir(mode=mode)
    (folder / "file").write_text("x")
    with serve_hub() as hub:
        hub.refused_tokens = ("hf_old",)
        yield Persons(hub, folder)
    (folder / "closed").chmod(0o700)


@pytest.mark.parametrize("name", REFUSED)
def test_reason_is_its_own_and_the_demo_model_answers(name: str, persons: Persons):
    ran = persons.ran[name]
    model, notice = ran.stdout.splitlines()
    assert model == "demo"
    reason = REFUSED[name][1].format(**persons.places)
    assert notice.startswith(f"moondream2 cannot answer yet: {reason}")
    assert ran.stderr == ""


@pytest.mark.parametrize("name", WARNED)
def test_token_that_cannot_serve_is_told_and_left_out(name: str, persons: Persons):
    ran = persons.ran[name]
    assert ran.stdout.splitlines()[0] == "moondream2"
    assert WARNED[name][1].format(**persons.places) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "hf_" not in ran.stderr


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://ann:secret@proxy.example:3128/"}, "proxy.example:3128"),
        ({"all_proxy": "socks5://localhost:1080"}, "localhost:1080"),
        ({"https_proxy": "proxy.example"}, "proxy.example"),
        ({"http_proxy": "http://proxy.example"}, None),
        ({"https_proxy": "http://proxy.example", "no_proxy": "huggingface.co"}, None),
    ],
)
def test_proxy_on_the_way_is_named_without_its_password(
    variables: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_to("https://huggingface.co/x") == proxy


def close_to_writing(folder: Path, mode: int) -> None:
    for each in (folder, *folder.rglob("*")):
        if each.is_dir() and not each.is_symlink():
            each.chmod(mode)


def test_cache_that_may_only_be_read_serves_what_is_in_it(tmp_path: Path):
    environment = os.environ | {"HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", STORY]
    with serve_hub() as hub:
        environment["HF_ENDPOINT"] = hub.url
        for _ in range(2):
            ran = subprocess.run(
                without_rights(command), cwd=ROOT, env=environment, capture_output=True, text=True
            )
            assert ran.stdout == "moondream2\nNone\n"
            close_to_writing(tmp_path / "home", 0o555)
    close_to_writing(tmp_path / "home", 0o755)
