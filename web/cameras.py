"""Which page looks through which camera of the network: each camera is open once, and only then."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from protocol.camera import CameraFrame, Cameras, CameraState, OpenCamera, Sight, Trouble
from protocol.errors import BadRequest
from protocol.formats.page_cameras import (
    camera_frame_payload,
    camera_refusal,
    camera_state_payload,
    parse_camera_choice,
)
from web.loop.calls import Bridge

# A page that is loaded again finds its camera still open.
LINGER_S = 3.0


@dataclass
class _Looking:
    """A page that looks through a camera, and what it was told last.

    is_ready: it has shown its last frame and can take another; so a slow page gets fewer of them,
    and they never queue up.
    """

    name: str
    is_ready: bool = True
    shown: CameraFrame | None = None
    told: tuple[CameraState, Trouble | None, float | None] | None = None


class CameraViews:
    """The pages that look through cameras. On the loop only.

    tell: sends a page an event.
    """

    def __init__(
        self,
        cameras: Cameras | None,
        tell: Callable[[str, str, dict[str, Any]], None],
        bridge: Bridge,
    ) -> None:
        self._cameras, self._tell, self._bridge = cameras, tell, bridge
        self._open: dict[str, OpenCamera] = {}
        self._pages: dict[str, _Looking] = {}

    def choose(self, page: str, payload: object = None) -> None:
        """Hear through which camera a page wants to look from now on, if any."""
        self.forget(page)
        try:
            name = parse_camera_choice(payload, self._cameras.names if self._cameras else ())
        except BadRequest as error:
            self._tell(page, "camera_state", camera_refusal(error))
            return
        if name is None or self._cameras is None:
            return
        self._pages[page] = _Looking(name)
        if name not in self._open:
            on_change = partial(self._bridge.call, self._show_all, name)
            self._open[name] = self._cameras.open(name, on_change)
        self._show(page)

    def acknowledge(self, page: str, payload: object = None) -> None:
        """Hear that a page has shown its last frame."""
        if page in self._pages:
            self._pages[page].is_ready = True
            self._show(page)

    def forget(self, page: str) -> None:
        """Hear that a page looks no more."""
        looking = self._pages.pop(page, None)
        if looking is not None:
            self._bridge.call_later(LINGER_S, self._close_unseen, looking.name)

    def _close_unseen(self, name: str) -> None:
        is_seen = any(each.name == name for each in self._pages.values())
        if not is_seen and name in self._open:
            self._open.pop(name).close()

    def _show_all(self, name: str) -> None:
        for page in [page for page, each in self._pages.items() if each.name == name]:
            self._show(page)

    def _show(self, page: str) -> None:
        """Tell a page what it does not know yet of its camera."""
        looking = self._pages[page]
        sight = self._open[looking.name].sight
        state = (sight.state, sight.trouble, sight.retry_at)
        if looking.told != state:
            looking.told = state
            self._tell(page, "camera_state", camera_state_payload(looking.name, sight, monotonic()))
        self._show_frame(page, looking, sight)

    def _show_frame(self, page: str, looking: _Looking, sight: Sight) -> None:
        frame = sight.frame
        if frame is None or frame is looking.shown or not looking.is_ready:
            return
        looking.is_ready, looking.shown = False, frame
        self._tell(page, "camera_frame", camera_frame_payload(looking.name, frame, monotonic()))
