"""What programs may ask in a second, and what their pictures may hold at once."""

import pytest

from protocol.errors import Busy
from web.allowance import BURST, BYTES_PER_EVENT
from web.loads import MAX_ADDRESSES, MAX_HELD_BYTES, Loads


def test_address_that_asks_too_often_is_refused_and_the_others_are_not():
    loads = Loads()
    for _ in range(BURST):
        with loads.one("10.0.0.1"):
            pass
    with pytest.raises(Busy), loads.one("10.0.0.1"):
        pass
    with loads.one("10.0.0.2"):
        pass


def test_bytes_count_as_events():
    with Loads().one("10.0.0.1") as load:
        for _ in range(BURST - 1):
            load.add(BYTES_PER_EVENT)
        with pytest.raises(Busy):
            load.add(BYTES_PER_EVENT)


def test_bytes_are_held_until_their_request_has_ended():
    loads = Loads()
    with loads.one("10.0.0.1") as load:
        load.add(1000)
        assert loads.n_bytes == 1000
    assert loads.n_bytes == 0


def test_bytes_of_all_addresses_together_are_bounded():
    loads = Loads()
    loads.n_bytes = MAX_HELD_BYTES
    with loads.one("10.0.0.1") as load:
        with pytest.raises(Busy) as refusal:
            load.add(1)
        assert refusal.value.retry_after_s > 0
    assert loads.n_bytes == MAX_HELD_BYTES


def test_addresses_are_remembered_in_bounded_number():
    loads = Loads()
    for number in range(2 * MAX_ADDRESSES):
        with loads.one(str(number)):
            pass
    assert len(loads._allowances) == MAX_ADDRESSES
