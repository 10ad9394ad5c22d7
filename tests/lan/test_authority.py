"""What the authority signs, for whom that is good, and what becomes of files that are not."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from lan.authority import FILE, Authority, hosts_of, is_good
from protocol.errors import StartRefused

NAME = "laptop"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path, NAME)


def verified(tmp_path: Path, authority: Authority, host: str, *names: str, **told: list) -> str:
    """What OpenSSL says of a certificate for these, shown by a host."""
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "shown.pem").write_bytes(authority.sign(names, told.get("addresses", [])))
    by = "-verify_ip" if host[0].isdigit() else "-verify_hostname"
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", by, host, "shown.pem"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("host", ["laptop.local", "laptop", "localhost", "127.0.0.1"])
def test_what_it_signs_is_good_here(tmp_path: Path, authority: Authority, host: str):
    assert "OK" in verified(tmp_path, authority, host, "laptop", "laptop.local")


def test_what_it_signs_is_good_for_an_address_of_the_network(tmp_path: Path, authority: Authority):
    assert "OK" in verified(tmp_path, authority, "192.168.1.5", addresses=["192.168.1.5"])
    assert "mismatch" in verified(tmp_path, authority, "192.168.1.6", addresses=["192.168.1.5"])


@pytest.mark.parametrize("host", ["bank.example", "www.google.com", "8.8.8.8"])
def test_whoever_steals_its_key_is_nobody_of_the_internet(
    tmp_path: Path, authority: Authority, host: str
):
    told = {"addresses": [host]} if host[0].isdigit() else {}
    names = [] if told else [host]
    assert "permitted subtree violation" in verified(tmp_path, authority, host, *names, **told)


def test_it_is_the_same_at_the_next_start_and_nobody_else_may_read_it(
    tmp_path: Path, authority: Authority
):
    path = tmp_path / FILE
    assert Authority.open(tmp_path, NAME).pem == authority.pem
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    Authority.open(tmp_path, NAME)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_another_one_signed_is_not_its_own(tmp_path: Path, authority: Authority):
    other = Authority.open(tmp_path / "other", NAME)
    served = x509.load_pem_x509_certificates(authority.sign([], []))[0]
    assert authority.has_signed(served)
    assert not other.has_signed(served)
    assert hosts_of(served) == {"localhost", "127.0.0.1", "::1"}
    assert hosts_of(authority.certificate) == set()


def test_browsers_take_it_for_as_long_as_it_is_good(authority: Authority):
    served = x509.load_pem_x509_certificates(authority.sign([], []))[0]
    assert (served.not_valid_after_utc - served.not_valid_before_utc).days <= 398
    assert is_good(served, 60)
    assert not is_good(served, 365)


@pytest.mark.parametrize("content", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nAAAA"])
def test_damaged_file_is_told_with_what_helps(tmp_path: Path, content: bytes):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StartRefused, match="is damaged"):
        Authority.open(tmp_path, NAME)


def test_folder_that_is_a_file_is_told(tmp_path: Path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(StartRefused, match="cannot be used"):
        Authority.open(tmp_path / "folder", NAME)
