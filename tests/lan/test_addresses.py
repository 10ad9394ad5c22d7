"""Which of this computer's addresses another device of the network can use."""

from types import SimpleNamespace

import ifaddr
import pytest

from lan import addresses
from lan.addresses import Found, find, is_near


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("192.168.1.5", True),
        ("10.0.0.8", True),
        ("172.31.255.1", True),
        ("172.32.0.1", False),
        ("100.101.102.103", True),
        ("169.254.3.4", True),
        ("127.0.0.1", False),
        ("8.8.8.8", False),
        ("fd12::5", True),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("::1", False),
        ("2001:db8::1", False),
    ],
)
def test_near_is_what_no_computer_of_the_internet_has(address: str, is_one: bool):
    assert is_near(address) is is_one


def adapter(name: str, *ips: str) -> SimpleNamespace:
    told = [SimpleNamespace(ip=(ip, 0, 0) if ":" in ip else ip) for ip in ips]
    return SimpleNamespace(nice_name=name, ips=told)


@pytest.fixture
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cable, a VPN and containers; it goes to the internet by the VPN."""
    adapters = [
        adapter("lo", "127.0.0.1", "::1"),
        adapter("docker0", "172.17.0.1"),
        adapter("br-4af1", "172.18.0.1"),
        adapter("eth0", "192.168.1.5", "fe80::1", "fd12::5", "2001:db8::1"),
        adapter("tailscale0", "100.64.0.9"),
    ]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    monkeypatch.setattr(addresses, "_usual", lambda: "100.64.0.9")
    monkeypatch.setattr(addresses.socket, "gethostname", lambda: "Anns-Laptop.fritz.box")


@pytest.mark.usefixtures("laptop")
def test_likeliest_address_comes_first_and_none_of_containers():
    assert find().addresses == ("100.64.0.9", "192.168.1.5", "fd12::5")


@pytest.mark.usefixtures("laptop")
def test_names_are_the_computers_own_and_that_of_its_network():
    assert find().names == ("anns-laptop", "anns-laptop.local")


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize("name", ["", "my computer", "-x", "größe", "a" * 64])
def test_name_that_can_be_none_of_a_host_is_left_out(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(addresses.socket, "gethostname", lambda: name)
    assert find().names == ()


def test_address_of_the_newer_kind_is_named_in_brackets():
    assert Found(("10.0.0.8", "fd12::5"), ("me",)).hosts == ("me", "10.0.0.8", "[fd12::5]")


def test_this_very_computer_can_be_asked():
    assert all(is_near(each) for each in find().addresses)
