"""A certificate that somebody brought: read before it is served, so that what is wrong is said."""

import ssl
from collections.abc import Callable, Collection
from pathlib import Path

from cryptography import x509

from lan.authority import hosts_of, is_good
from protocol.errors import StartRefused


def load_own(
    load: Callable[[Path, Path], None], certificate: str, key: str, hosts: Collection[str]
) -> str | None:
    """Serve with it; returns what is to be known of it, if anything.

    load: takes both files; raises ssl.SSLError where they do not fit. hosts: which it should be
    for. Raises StartRefused.
    """
    told = _read(Path(certificate))
    try:
        load(Path(certificate), Path(key))
    except OSError as error:
        # An SSLError is one, too; a password that nobody can be asked for is told as one.
        if isinstance(error, ssl.SSLError):
            raise StartRefused(
                f"{key} is not the key of {certificate}, or it is encrypted. Moonsight asks for no"
                " password: give it a key without one."
            ) from error
        raise StartRefused(f"--key {key} cannot be read: {error.strerror}.") from error
    missing = [each for each in hosts if not _is_for(each, hosts_of(told))]
    if missing:
        return f"{certificate} is not for {', '.join(missing)}: browsers will warn there."
    return None


def _read(path: Path) -> x509.Certificate:
    try:
        told = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as error:
        raise StartRefused(f"--cert {path} cannot be read: {error.strerror}.") from error
    except (ValueError, IndexError) as error:
        raise StartRefused(f"--cert {path} holds no certificate in PEM.") from error
    if not is_good(told):
        until = f"{told.not_valid_after_utc:%Y-%m-%d}"
        since = f"{told.not_valid_before_utc:%Y-%m-%d}"
        raise StartRefused(
            f"--cert {path} is good from {since} to {until}, and today is not. Renew it, or set"
            " this computer's clock."
        )
    return told


def _is_for(host: str, named: set[str]) -> bool:
    parent = host.partition(".")[2]
    return host in named or (bool(parent) and f"*.{parent}" in named)
