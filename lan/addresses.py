"""Where other devices of the network find this computer."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

import ifaddr

# Of networks at home, and of Tailscale and its like; of no computer that anybody can reach.
NEAR = [
    ip_network(each)
    for each in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        "fc00::/7",
    )
]
HERE = ("127.0.0.1", "::1")
# Between this computer and what runs in it: no other device is there.
_INSIDE = re.compile(r"(docker|br-|veth|virbr|vmnet|vboxnet|podman|cni)", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# To which nothing is sent: the system only says by which address it would be.
_ELSEWHERE = ("192.0.2.1", 9)


@dataclass(frozen=True)
class Found:
    """Addresses, the likeliest first, and names, all lower case."""

    addresses: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """As a `Host` header may name them."""
        return (*self.names, *(f"[{each}]" if ":" in each else each for each in self.addresses))


def find() -> Found:
    """What this computer has at this moment."""
    found = {
        address
        for adapter in ifaddr.get_adapters()
        if not _INSIDE.match(adapter.nice_name)
        # Of one of the newer kind it tells more than the address.
        for address in (each.ip if isinstance(each.ip, str) else each.ip[0] for each in adapter.ips)
        if is_near(address)
    }
    usual = _usual()
    addresses = sorted(found, key=lambda each: (each != usual, ":" in each, each))
    name = socket.gethostname().partition(".")[0].lower()
    names = (name, f"{name}.local") if _NAME.fullmatch(name) else ()
    return Found(tuple(addresses), names)


def is_near(text: str) -> bool:
    """Whether an address is one of a network at home; those of one cable alone need its name."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.is_link_local:
        return False
    return any(address in network for network in NEAR if network.version == address.version)


def _usual() -> str | None:
    """By which address this computer would go to the internet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(_ELSEWHERE)
        except OSError:
            # It would not.
            return None
        return str(asked.getsockname()[0])
