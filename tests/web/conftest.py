"""Tests that need a thread of their own get one."""

import importlib
from collections.abc import Iterator
from threading import current_thread, main_thread
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def loop_stays_out_of_the_main_thread() -> Iterator[None]:
    """There Playwright switches between greenlets, too, and runs of all tests never came back.

    A test that would begin such a run fails instead, by its name.
    """
    # It keeps eventlet's warning away.
    importlib.import_module("web.loop")
    from eventlet.hubs.hub import BaseHub

    switch = BaseHub.switch

    def switch_apart(hub: BaseHub) -> Any:
        assert current_thread() is not main_thread(), "Mark this test with `apart`."
        return switch(hub)

    BaseHub.switch = switch_apart
    yield
    BaseHub.switch = switch
