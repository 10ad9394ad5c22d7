"""Alerts of the page's rules, on their way to the webhook that was named at the start."""

from protocol.alert import Hook, OnDelivered
from protocol.errors import NoWebhook
from protocol.formats.page_alerts import parse_alert
from protocol.frame import FrameLimits
from web.allowance import Allowance

# A page that tells every frame an alert must not flood whoever is told.
ALERTS_PER_S = 1
BURST = 10


class Alerts:
    """Checks alerts and hands them on. On the loop only. hook: None where none was named."""

    def __init__(self, hook: Hook | None, limits: FrameLimits) -> None:
        self._hook, self._limits = hook, limits
        self._allowances: dict[str, Allowance] = {}

    def take(self, client: str, id: str, payload: object, on_end: OnDelivered) -> None:
        """Check an alert of a client and hand it on; `on_end` is told the end, from any thread.

        Raises a RequestError, and then tells nothing.
        """
        if self._hook is None:
            raise NoWebhook
        if client not in self._allowances:
            self._allowances[client] = Allowance(
                per_s=ALERTS_PER_S,
                burst=BURST,
                sentence="More than one alert a second. Let your rules cool down for longer.",
            )
        self._allowances[client].spend()
        alert = parse_alert(payload, id=id, limits=self._limits, with_frame=self._hook.has_frames)
        self._hook.deliver(alert, on_end)

    def forget(self, client: str) -> None:
        """Drop what was counted of a client that left."""
        self._allowances.pop(client, None)
