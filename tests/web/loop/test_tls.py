"""Which connections are of this computer, and how many may begin and never end."""

import pytest

from web.loop.tls import is_here


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.5", False),
        ("::ffff:192.168.1.5", False),
        ("fe80::1%lo", False),
        ("", False),
        ("somebody", False),
    ],
)
def test_this_computer_is_told_from_others(address: str, is_own: bool):
    assert is_here(address) is is_own
