"""What --lan opens, what it is told where it cannot, and what it says of itself."""

from pathlib import Path

import pytest

import local_network
from lan.addresses import Found
from lan.authority import Authority
from local_network import open_lan, ways
from protocol.errors import StartRefused
from settings import Settings

TOKEN = "open-sesame"
HOME = Found(("192.168.1.5", "fd12::5"), ("laptop", "laptop.local"))
CHOSEN = Settings(lan=True, token=TOKEN)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "moonsight"


def test_nothing_is_opened_without_it(own_folder: Path):
    assert open_lan(Settings()) is None
    assert not own_folder.exists()


def test_it_listens_everywhere_behind_a_token_that_is_another_each_time():
    first, second = open_lan(Settings(lan=True)), open_lan(Settings(lan=True))
    assert first.settings.host == local_network.EVERY_ADDRESS
    assert len(first.settings.token) >= 20
    assert first.settings.token != second.settings.token
    assert open_lan(CHOSEN).settings.token == TOKEN


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(lan=True, host="10.0.0.8"), "Leave --host out"),
        (Settings(cert="a", key="b"), "are for --lan"),
        (Settings(lan=True, cert="a"), "needs its key"),
        (Settings(lan=True, key="b"), "needs its key"),
        (Settings(lan=True, cert="/nowhere", key="/nowhere"), "No such file"),
    ],
)
def test_what_does_not_go_together_is_told(settings: Settings, words: str):
    with pytest.raises(StartRefused, match=words):
        open_lan(settings)


def test_own_certificate_has_no_authority_to_be_trusted(tmp_path: Path):
    pem = tmp_path / "own.pem"
    pem.write_bytes(Authority.open(tmp_path, "laptop").sign(["cam.lan"], []))
    own = open_lan(Settings(lan=True, cert=str(pem), key=str(pem)))
    assert own.authority is None
    assert open_lan(CHOSEN).authority.startswith(b"-----BEGIN CERTIFICATE-----")


def test_every_way_in_is_told_with_the_token():
    told = ways(HOME, CHOSEN, has_code=False).splitlines()
    assert told[0] == "On this computer: http://localhost:5000/?token=open-sesame"
    assert told[2:5] == [
        "  https://192.168.1.5:5000/?token=open-sesame",
        "  https://[fd12::5]:5000/?token=open-sesame",
        "  https://laptop.local:5000/?token=open-sesame",
    ]
    assert "warns the first time" in told[5]


def test_computer_in_no_network_says_so():
    assert "in no network now" in ways(Found((), ("laptop",)), CHOSEN, has_code=True)


def test_code_can_be_scanned():
    """Drawn in halves of lines: read back as it would be, it is the code that was meant."""
    told = ways(HOME, CHOSEN, has_code=True).splitlines()
    drawn = [line for line in told if set(line) <= set("█▀▄ ") and line]
    halves = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows = [[halves[each][half] for each in line] for line in drawn for half in (0, 1)]
    wanted = local_network.segno.make(told[2].strip(), error="l", micro=False)
    assert rows[: len(rows) - len(rows) % 2] == [
        list(row) for row in [*wanted.matrix_iter(border=2), *extra(wanted)]
    ]


def extra(code) -> list[list[int]]:
    width = code.symbol_size(border=2)[0]
    return [[0] * width] if width % 2 else []
