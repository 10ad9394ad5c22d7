"""Frames that crossed to another process: a follow-up crosses without their bytes."""

from collections import OrderedDict
from dataclasses import replace

from protocol.frame import Frame
from protocol.request import Request

MAX_BYTES = 32 * 2**20


class SentFrames:
    """The newest frames that crossed, at most `max_bytes` of them, by the names they are held by.

    Each end keeps one and passes the same requests through it in the same order; so each knows
    what the other holds, and nobody needs to ask.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes, self._n_bytes = max_bytes, 0
        self._frames: OrderedDict[str, Frame] = OrderedDict()

    def pack(self, request: Request) -> Request:
        """The request as it crosses: without the bytes that the other end holds already."""
        frame, frame_id = request.frame, request.frame_id
        if frame is None or frame_id is None or not self._pass(frame_id, frame):
            return request
        return request.without_picture()

    def unpack(self, request: Request) -> Request:
        """The request as it was packed."""
        frame, frame_id = request.frame, request.frame_id
        if frame is None or frame_id is None or not self._pass(frame_id, frame):
            return request
        return replace(request, frame=self._frames[frame_id])

    def _pass(self, frame_id: str, frame: Frame) -> bool:
        """Say whether a frame is held already, and hold it from now on."""
        if frame_id in self._frames:
            self._frames.move_to_end(frame_id)
            return True
        if len(frame.data) <= self._max_bytes:
            self._frames[frame_id] = frame
            self._n_bytes += len(frame.data)
        while self._n_bytes > self._max_bytes:
            self._n_bytes -= len(self._frames.popitem(last=False)[1].data)
        return False
