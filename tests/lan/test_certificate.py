"""The same certificate for as long as it is good, and another one as soon as it is not."""

from pathlib import Path

import pytest
from cryptography import x509

from lan import authority
from lan.addresses import Found
from lan.authority import hosts_of
from lan.certificate import Certificate, config_folder
from protocol.errors import StartRefused

HOME = Found(("192.168.1.5",), ("laptop", "laptop.local"))
WORK = Found(("10.0.0.8",), HOME.names)


class Served:
    """What was served, in order."""

    def __init__(self) -> None:
        self.certificates: list[x509.Certificate] = []

    def __call__(self, path: Path) -> None:
        self.certificates += x509.load_pem_x509_certificates(path.read_bytes())


def serve(folder: Path, *found: Found) -> list[x509.Certificate]:
    served = Served()
    certificate = Certificate(folder, served, "laptop")
    for each in found:
        certificate.renew(each)
    return served.certificates


def test_it_stays_the_same_from_look_to_look_and_start_to_start(tmp_path: Path):
    (first,) = serve(tmp_path, HOME, HOME)
    (second,) = serve(tmp_path, HOME)
    assert first == second
    assert hosts_of(first) >= {"192.168.1.5", "laptop", "laptop.local", "localhost"}


def test_another_address_brings_another_one_and_one_less_does_not(tmp_path: Path):
    both = Found((*HOME.addresses, *WORK.addresses), HOME.names)
    first, second = serve(tmp_path, HOME, both, WORK, HOME)
    assert "10.0.0.8" not in hosts_of(first)
    assert hosts_of(second) >= {"10.0.0.8", "192.168.1.5"}


def test_it_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(authority, "SERVER_DAYS", 20)
    (first,) = serve(tmp_path, HOME)
    monkeypatch.undo()
    (second,) = serve(tmp_path, HOME)
    assert first.serial_number != second.serial_number


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_damaged_one_is_made_anew(tmp_path: Path, content: bytes):
    (first,) = serve(tmp_path, HOME)
    (tmp_path / "server.pem").write_bytes(content)
    (second,) = serve(tmp_path, HOME)
    assert first != second


def test_one_of_an_authority_that_was_deleted_is_made_anew(tmp_path: Path):
    (first,) = serve(tmp_path, HOME)
    (tmp_path / "authority.pem").unlink()
    (second,) = serve(tmp_path, HOME)
    assert first.serial_number != second.serial_number


def test_folder_in_its_place_is_told(tmp_path: Path):
    (tmp_path / "server.pem").mkdir()
    with pytest.raises(StartRefused, match="cannot be used"):
        serve(tmp_path, HOME)


def test_it_is_kept_where_programs_keep_what_they_need(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    assert config_folder() == Path("/somewhere/moonsight")
