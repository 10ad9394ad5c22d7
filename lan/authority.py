"""A small authority of this computer; what it signs is good in a network at home alone."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lan.addresses import HERE, NEAR
from protocol.errors import StartRefused

# Names that no computer of the internet has.
NEAR_NAMES = ("localhost", "local", "lan", "home.arpa", "internal")
# Browsers trust a server's for 398 days at most. A clock may be wrong by a day.
AUTHORITY_DAYS, SERVER_DAYS, RENEWED_BEFORE_DAYS, CLOCK_DAYS = 3650, 90, 30, 1
OWN_RIGHTS, OWN_FOLDER_RIGHTS = 0o600, 0o700
FILE = "authority.pem"


class Authority:
    """Its key and its certificate, kept in a folder that nobody else may read."""

    def __init__(self, key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key, self.certificate = key, certificate

    @classmethod
    def open(cls, folder: Path, name: str) -> "Authority":
        """The one of a folder; a new one for a computer of this name where there is none.

        Raises StartRefused where it cannot be read, or written.
        """
        path = folder / FILE
        try:
            folder.mkdir(mode=OWN_FOLDER_RIGHTS, parents=True, exist_ok=True)
            if not path.exists():
                made = cls._make(name)
                write(path, made._pem())
            path.chmod(OWN_RIGHTS)
            return cls._read(path.read_bytes())
        except OSError as error:
            raise StartRefused(
                f"The certificates of --lan are kept in {folder}, which cannot be used:"
                f" {error.strerror}. Let this user write there, or start with --cert and --key."
            ) from error
        except (ValueError, TypeError, IndexError) as error:
            raise StartRefused(
                f"{path} is damaged. Delete it: another authority is made then, and devices that"
                " trusted this one ask again."
            ) from error

    @classmethod
    def _make(cls, name: str) -> "Authority":
        key = generate_private_key(SECP256R1())
        subject = _named(f"Moonsight on {name}" if name else "Moonsight")
        builder = (
            _certificate(subject, subject, AUTHORITY_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(_constraints(name), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        return cls(key, builder.sign(key, hashes.SHA256()))

    @classmethod
    def _read(cls, pem: bytes) -> "Authority":
        key = serialization.load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificates(pem)[0]
        if not isinstance(key, EllipticCurvePrivateKey) or not is_good(certificate):
            raise ValueError
        return cls(key, certificate)

    def sign(self, names: Iterable[str], addresses: Iterable[str]) -> bytes:
        """A key and its certificate for these and for this computer itself, PEM."""
        key = generate_private_key(SECP256R1())
        names, addresses = ("localhost", *names), (*HERE, *addresses)
        hosts: list[x509.GeneralName] = [
            *(x509.DNSName(each) for each in names),
            *(x509.IPAddress(ip_address(each)) for each in addresses),
        ]
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            _certificate(_named("Moonsight"), self.certificate.subject, SERVER_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
            )
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return _key_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def pem(self) -> bytes:
        """Its certificate alone, for those who want to trust it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def has_signed(self, certificate: x509.Certificate) -> bool:
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _pem(self) -> bytes:
        return _key_pem(self._key) + self.pem


def is_good(certificate: x509.Certificate, days: int = 0) -> bool:
    """Whether it is valid now, and for so many days from now on."""
    now = datetime.now(UTC)
    from_, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return from_ <= now and now + timedelta(days=days) < until


def hosts_of(certificate: x509.Certificate) -> set[str]:
    """Every name and address that it is for."""
    try:
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    names = told.get_values_for_type(x509.DNSName)
    return {*names, *map(str, told.get_values_for_type(x509.IPAddress))}


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, that only its owner may read, at any moment."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_RIGHTS), "wb") as file:
        file.write(content)
    beside.replace(path)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _certificate(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    begun = datetime.now(UTC) - timedelta(days=CLOCK_DAYS)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=days))
    )


def _constraints(name: str) -> x509.NameConstraints:
    """What it may sign for: whoever steals its key can be nobody of the internet with it."""
    networks = [*NEAR, *(ip_network(each) for each in HERE)]
    names = (*NEAR_NAMES, *([name] if name else []))
    permitted: list[x509.GeneralName] = [
        *(x509.DNSName(each) for each in names),
        *(x509.IPAddress(each) for each in networks),
    ]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _usage(*, signs: bool) -> x509.KeyUsage:
    no = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
        **no,
    )


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
