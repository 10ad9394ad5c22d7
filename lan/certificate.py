"""The certificate that is served, signed here: the same one for as long as it is good."""

from collections.abc import Callable
from pathlib import Path

import click
from cryptography import x509

from lan.addresses import Found
from lan.authority import RENEWED_BEFORE_DAYS, Authority, hosts_of, is_good, write
from protocol.errors import StartRefused

SERVED = "server.pem"


def config_folder() -> Path:
    """Where this user's programs keep what they need again."""
    return Path(click.get_app_dir("moonsight"))


class Certificate:
    """Of an authority in a folder. Not for several threads at once.

    load: takes a file with a key and its certificate, PEM; serves with it from then on.
    """

    def __init__(self, folder: Path, load: Callable[[Path], None], name: str) -> None:
        """name: of this computer. Raises StartRefused."""
        self._load, self._path = load, folder / SERVED
        self._authority = Authority.open(folder, name)
        self._is_loaded = False

    @property
    def authority_pem(self) -> bytes:
        """What a device may trust that wants no warning."""
        return self._authority.pem

    def renew(self, found: Found) -> None:
        """Serve what is there while it is good for these: a browser that took it takes it again.

        Raises StartRefused.
        """
        is_kept = self._is_good(found)
        if is_kept and self._is_loaded:
            return
        try:
            if not is_kept:
                write(self._path, self._authority.sign(found.names, found.addresses))
            self._load(self._path)
        except OSError as error:
            raise StartRefused(f"{self._path} cannot be used: {error.strerror}.") from error
        self._is_loaded = True

    def _is_good(self, found: Found) -> bool:
        try:
            (served,) = x509.load_pem_x509_certificates(self._path.read_bytes())
        except (OSError, ValueError):
            return False
        is_own = self._authority.has_signed(served)
        wanted = {*found.names, *found.addresses}
        return is_own and is_good(served, RENEWED_BEFORE_DAYS) and wanted <= hosts_of(served)
