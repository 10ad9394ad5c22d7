"""A certificate that somebody brought: served where it can be, and what is wrong with it told."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lan import authority
from lan.authority import Authority
from lan.own_certificate import load_own
from protocol.errors import StartRefused


def load(certificate: Path, key: Path) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "")


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A key and a certificate for cam.lan, in one file."""
    path = tmp_path / "own.pem"
    path.write_bytes(Authority.open(tmp_path, "laptop").sign(["cam.lan", "*.home.arpa"], []))
    return path


def refused(certificate: Path, key: Path) -> str:
    with pytest.raises(StartRefused) as error:
        load_own(load, str(certificate), str(key), [])
    return error.value.message


def test_it_is_served_without_a_word_where_it_is_for_all_names(pem: Path):
    assert load_own(load, str(pem), str(pem), ["cam.lan", "x.home.arpa", "127.0.0.1"]) is None


def test_names_that_it_is_not_for_are_told(pem: Path):
    told = load_own(load, str(pem), str(pem), ["cam.lan", "192.168.1.5", "a.b.home.arpa"])
    assert "is not for 192.168.1.5, a.b.home.arpa: browsers will warn" in (told or "")


def test_folder_a_missing_file_and_no_certificate_are_told(tmp_path: Path, pem: Path):
    (tmp_path / "text").write_text("hello")
    assert "Is a directory" in refused(tmp_path, pem)
    assert "No such file" in refused(tmp_path / "gone", pem)
    assert "no certificate in PEM" in refused(tmp_path / "text", pem)
    assert "No such file" in refused(pem, tmp_path / "gone")


def test_key_of_another_one_is_told(tmp_path: Path, pem: Path):
    (tmp_path / "other.pem").write_bytes(Authority.open(tmp_path, "laptop").sign([], []))
    assert "is not the key of" in refused(pem, tmp_path / "other.pem")


def test_encrypted_key_is_told_and_nobody_asked_for_its_password(tmp_path: Path, pem: Path):
    locked = tmp_path / "locked.pem"
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:secret"]
    subprocess.run([*command, "-in", pem, "-out", locked], check=True)
    assert "or it is encrypted" in refused(pem, locked)


@pytest.mark.parametrize("begun_days_ago", [30, -10])
def test_one_of_another_time_is_told_with_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun_days_ago: int
):
    signing = Authority.open(tmp_path, "laptop")
    monkeypatch.setattr(authority, "CLOCK_DAYS", begun_days_ago)
    monkeypatch.setattr(authority, "SERVER_DAYS", 10)
    path = tmp_path / "old.pem"
    path.write_bytes(signing.sign([], []))
    begun = datetime.now(UTC) - timedelta(begun_days_ago)
    assert f"good from {begun:%Y-%m-%d} to {begun + timedelta(10):%Y-%m-%d}" in refused(path, path)
