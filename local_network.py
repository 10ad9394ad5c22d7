"""--lan: open to the network at home, by HTTPS, behind a token, and to nobody else."""

import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import segno

from lan.addresses import Found, find
from lan.certificate import Certificate, config_folder
from lan.network import Network
from lan.own_certificate import load_own
from protocol.errors import StartRefused
from settings import Settings
from web.loop.tls import Tls

EVERY_ADDRESS = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
TOKEN_BYTES = 16
# So many addresses are printed; a computer with more is no laptop.
MAX_PRINTED = 4


@dataclass(frozen=True)
class Lan:
    """How a server is open to its network.

    settings: as they were chosen, with the address and the token that follow. hosts: names that it
    answers to. authority: the certificate that other devices may trust, PEM; None for one's own.
    """

    settings: Settings
    tls: Tls
    hosts: Network
    authority: bytes | None
    warning: str | None

    def start(self, on_change: Callable[[str], None]) -> None:
        """Say where it is found, now and whenever that changes; on a thread of its own."""
        on_change(self._ways(self.hosts.found))
        self.hosts.start(lambda found: on_change(self._ways(found)))

    def close(self) -> None:
        self.hosts.close()

    def _ways(self, found: Found) -> str:
        return ways(found, self.settings, has_code=sys.stdout.isatty())


def open_lan(settings: Settings) -> Lan | None:
    """None where nothing is to be opened. Raises StartRefused."""
    own = (settings.cert, settings.key)
    if not settings.lan:
        if any(own):
            raise StartRefused("--cert and --key are for --lan. Start with that, too.")
        return None
    if settings.host != Settings.host:
        raise StartRefused("--lan listens on every address by itself. Leave --host out.")
    if any(own) and not all(own):
        raise StartRefused("A certificate needs its key. Give both: --cert FILE --key FILE.")
    tls, authority, warning = Tls(), None, None
    if all(own):
        warning = load_own(tls.load, *own, _hosts(find()))
        network = Network(lambda found: None)
    else:
        name = next(iter(find().names), "")
        certificate = Certificate(config_folder(), tls.load, name)
        network = Network(certificate.renew)
        authority = certificate.authority_pem
    token = settings.token or secrets.token_urlsafe(TOKEN_BYTES)
    settings = replace(settings, host=EVERY_ADDRESS, token=token)
    return Lan(settings, tls, network, authority, warning)


def ways(found: Found, settings: Settings, *, has_code: bool) -> str:
    """Where it is found, for the terminal. has_code: with the first as a code to be scanned."""
    behind = f":{settings.port}/?token={settings.token}"
    here = f"On this computer: http://localhost{behind}"
    there = [f"https://{each}{behind}" for each in _hosts(found)]
    if not there:
        return f"{here}\nThis computer is in no network now. Once it is, its address is told here."
    lines = [here, "On other devices of this network:", *(f"  {each}" for each in there)]
    if not settings.cert:
        lines.append("A browser warns the first time, as nobody else has signed the certificate.")
    return _with_code(lines, there[0]) if has_code else "\n".join(lines)


def _hosts(found: Found) -> list[str]:
    local = [each for each in found.names if each.endswith(".local")]
    return [*[each for each in found.hosts if each not in found.names][:MAX_PRINTED], *local]


def _with_code(lines: list[str], url: str) -> str:
    code = segno.make(url, error="l", micro=False)
    # Two rows of it in each line of text: half as high, and square.
    rows = [list(row) for row in code.matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    halves = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    drawn = [
        "".join(halves[bool(top), bool(bottom)] for top, bottom in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
    return "\n".join([*lines, *drawn])
