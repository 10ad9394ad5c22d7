"""What is told to a page that is at another web tier, by way of Redis: `--redis`."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import sleep
from typing import Any

import redis
from socketio import PubSubManager

from web.loop.mailbox import Mailbox

log = logging.getLogger(__name__)

CHANNEL = "moonsight"
TIMEOUT_S, RETRY_S, LISTEN_S = 2.0, 1.0, 60.0


class RedisQueue(PubSubManager):
    """The library's manager of clients, with Redis on two native threads, where it may block.

    While Redis is away nothing crosses, and pages notice nothing of it. On the loop but for them.
    """

    def __init__(self, url: str, call: Callable[..., None]) -> None:
        """call: runs its arguments on the loop soon, in order; see `Bridge.call`."""
        super().__init__(CHANNEL)
        self._url, self._call = url, call
        self._leaving: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._arrived: Mailbox[bytes] = Mailbox()

    def initialize(self) -> None:
        super().initialize()
        for each in (self._write, self._read):
            Thread(target=each, name="redis", daemon=True).start()

    def _publish(self, data: dict[str, Any]) -> None:
        self._leaving.put(data)

    def _listen(self) -> Iterator[bytes]:
        while True:
            if (message := self._arrived.take(LISTEN_S)) is not None:
                yield message

    def _write(self) -> None:
        client = redis.Redis.from_url(
            self._url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        while True:
            # What could not be told now is nothing to tell later.
            with suppress(redis.RedisError):
                client.publish(CHANNEL, json.dumps(self._leaving.get()))

    def _read(self) -> None:
        is_there = True
        while True:
            try:
                client = redis.Redis.from_url(self._url, socket_connect_timeout=TIMEOUT_S)
                with client.pubsub(ignore_subscribe_messages=True) as heard:
                    heard.subscribe(CHANNEL)
                    for message in heard.listen():
                        is_there = True
                        self._call(self._arrived.put, message["data"])
            except redis.RedisError as error:
                if is_there:
                    log.warning("Redis is away, so nothing crosses between web tiers: %s", error)
                is_there = False
            sleep(RETRY_S)
