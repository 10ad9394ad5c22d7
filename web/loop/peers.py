"""Who is at the other end of a connection, as an address."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def read_peer(text: str) -> IPv4Address | IPv6Address:
    """Read what a socket says of it, without its network; ValueError where it is no address.

    Where one socket listens to both kinds, one of the older kind comes inside one of the newer.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address
