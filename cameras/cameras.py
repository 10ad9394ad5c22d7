"""The cameras that were named at the start, and a thread for each that is open."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from cameras.pipe import URL_VARIABLE, receive_frame, trouble_of
from protocol.camera import MAX_CAMERAS, CameraState, NamedCamera, Sight, Trouble
from protocol.errors import StartRefused

log = logging.getLogger(__name__)

# Before each further try; the last is kept.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# A camera that shows something for so long is well, and its next loss the first.
WELL_AFTER_S = 10.0

ROOT = Path(__file__).resolve().parent.parent
READER = (sys.executable, "-m", "cameras.reader")
_TOLD = {
    Trouble.UNANSWERED: "does not answer",
    Trouble.REFUSED: "refuses the user and password that were named at the start",
    Trouble.UNREADABLE: "sends no picture that can be read",
}


class NetworkCameras:
    """Keeps the contract of `protocol/camera.py`."""

    def __init__(
        self, cameras: Iterable[NamedCamera], pauses_s: tuple[float, ...] = PAUSES_S
    ) -> None:
        """Raises StartRefused for too many, and for two of one name."""
        self._named: dict[str, NamedCamera] = {}
        for camera in cameras:
            if camera.name in self._named:
                raise StartRefused(f"Two cameras are named {camera.name}. Give each its own name.")
            self._named[camera.name] = camera
        if len(self._named) > MAX_CAMERAS:
            raise StartRefused(f"At most {MAX_CAMERAS} cameras can be named. Leave some out.")
        self.names = tuple(self._named)
        self._pauses_s = pauses_s
        self._open: list[CameraThread] = []

    def open(self, name: str, on_change: Callable[[], None]) -> "CameraThread":
        camera = CameraThread(self._named[name], on_change, self._pauses_s)
        self._open = [each for each in self._open if not each.is_closed] + [camera]
        return camera

    def close(self) -> None:
        """Let go of all of them."""
        for each in self._open:
            each.close()


class CameraThread:
    """One open camera: its process, and another one whenever that ends.

    The thread starts with the object. `close` may be called from any thread and does not wait.
    """

    def __init__(
        self, camera: NamedCamera, on_change: Callable[[], None], pauses_s: tuple[float, ...]
    ) -> None:
        self.sight = Sight(CameraState.OPENING)
        self._camera, self._on_change, self._pauses_s = camera, on_change, pauses_s
        self._closed = Event()
        # Guards what follows, so that no process is left behind.
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        Thread(target=self._run, name=f"camera {camera.name}", daemon=True).start()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            if self._process is not None:
                self._process.kill()

    # Everything below runs on the camera's thread.

    def _run(self) -> None:
        n_lost = 0
        while True:
            trouble, well_s = self._read()
            if self.is_closed:
                return
            n_lost = 0 if well_s >= WELL_AFTER_S else n_lost
            pause_s = self._pauses_s[min(n_lost, len(self._pauses_s) - 1)]
            n_lost += 1
            self._complain(trouble)
            self._become(Sight(CameraState.LOST, None, trouble, monotonic() + pause_s))
            if self._closed.wait(pause_s):
                return

    def _read(self) -> tuple[Trouble, float]:
        """Read until that ends; returns why, and for how long something was to be seen."""
        first_at = last_at = 0.0
        with subprocess.Popen(
            READER,
            cwd=ROOT,
            # Command lines are seen by everybody. What else the program was told is not its own.
            env=_own_environment() | {URL_VARIABLE: self._camera.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # It might name the address.
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            self._hold(process)
            try:
                while frame := receive_frame(process.stdout):
                    first_at, last_at = first_at or frame.taken_at, frame.taken_at
                    self._become(Sight(CameraState.LIVE, frame))
                trouble = trouble_of(process.wait())
            except ValueError:
                process.kill()
                trouble = Trouble.UNREADABLE
        return trouble, last_at - first_at

    def _hold(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._process = process
            if self.is_closed:
                process.kill()

    def _become(self, sight: Sight) -> None:
        self.sight = sight
        if not self.is_closed:
            self._on_change()

    def _complain(self, trouble: Trouble) -> None:
        """Say once in the terminal why there is nothing to see; nothing of the address."""
        if self.sight.trouble is not trouble:
            log.warning("The camera %s %s.", self._camera.name, _TOLD[trouble])


def _own_environment() -> dict[str, str]:
    return {name: v for name, v in os.environ.items() if not name.startswith("MOONSIGHT_")}
