"""One and the same address has several spellings at the end of a connection."""

import pytest

from web.loop.peers import read_peer


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_address_is_read_in_its_one_spelling(text: str, address: str):
    assert str(read_peer(text)) == address


@pytest.mark.parametrize("text", ["", "somebody", "%eth0"])
def test_what_is_none_is_refused(text: str):
    with pytest.raises(ValueError, match="does not appear to be"):
        read_peer(text)
