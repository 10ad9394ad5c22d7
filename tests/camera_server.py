"""Cameras in the network, as they are sold: MJPEG over HTTP; over RTSP (RFC 2326) MJPEG (RFC 2435)
and H.264 (RFC 6184).
"""

import base64
import importlib
import io
import re
import socketserver
import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

from PIL import Image

from tests.server import EVENT_TIMEOUT_S, free_port

SCENES = Path(__file__).parent.parent / "static" / "scenes"
FRAME_INTERVAL_S = 0.05
CLOCK_HZ = 90_000
MAX_PACKET_BYTES = 1400
JPEG_PAYLOAD_TYPE, H264_PAYLOAD_TYPE = 26, 96
TABLES_IN_BAND, SUBSAMPLED_420, FRAGMENT, KEY_INTERVAL = 255, 1, 28, 10
GARBAGE, N_GARBAGE = bytes(range(1, 256)) * 40, 100

_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP {type}\r\na=control:picture\r\n"
)
_H264 = "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"


class CameraServer:
    """One camera on one port; what it shows can be changed at any time.

    mood: "well"; "garbage": bytes that are no picture, and then an end; "mute": it takes
    connections and says nothing. user_info: "user:password", without which nobody gets a picture.
    """

    def __init__(self, scheme: str, user_info: str = "", is_h264: bool = False) -> None:
        self.scheme, self.user_info, self.is_h264 = scheme, user_info, is_h264
        self.port = free_port()
        self.mood = "well"
        self.show("red-circle")
        self._is_cut = Event()
        self._watched = Condition()
        self.n_watching = self.n_taken = 0
        self._server: socketserver.ThreadingTCPServer | None = None

    @property
    def url(self) -> str:
        user_info = f"{self.user_info}@" if self.user_info else ""
        return f"{self.scheme}://{user_info}127.0.0.1:{self.port}/live"

    def show(self, scene: str, width: int = 640, height: int = 480) -> None:
        """Show a picture of the demo model's world from now on."""
        image = Image.open(SCENES / f"{scene}.png").convert("RGB").resize((width, height))
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=90, subsampling="4:2:0")
        self.jpeg = jpeg.getvalue()

    def start(self) -> "CameraServer":
        handler = {"http": _Http, "rtsp": _Rtsp}[self.scheme]
        self._is_cut.clear()
        self._server = _Tcp(("127.0.0.1", self.port), handler)
        self._server.camera = self
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def cut(self) -> None:
        """Break off every connection, and take none any more."""
        self._is_cut.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def wait_until_watched_by(self, n: int) -> None:
        """Wait until as many connections get its pictures."""
        with self._watched:
            is_so = self._watched.wait_for(lambda: self.n_watching == n, EVENT_TIMEOUT_S)
        assert is_so, f"{self.n_watching} are watching"

    def frames(self) -> Iterator[bytes]:
        """What it shows, again and again, for one connection."""
        self._count(1)
        try:
            if self.mood == "garbage":
                yield from [GARBAGE] * N_GARBAGE
                return
            while not self._is_cut.wait(FRAME_INTERVAL_S):
                yield self.jpeg
        finally:
            self._count(-1)

    def lets_in(self, head: str) -> bool:
        given = re.search(r"Authorization: Basic (\S+)", head, re.IGNORECASE)
        wanted = self.user_info.encode()
        return not wanted or bool(given and base64.b64decode(given[1]) == wanted)

    def be_mute(self) -> bool:
        """Say nothing for as long as it is mute; returns whether it was."""
        return self.mood == "mute" and self._is_cut.wait()

    def _count(self, change: int) -> None:
        with self._watched:
            self.n_watching += change
            self._watched.notify_all()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = True
    camera: CameraServer

    def process_request(self, request: Any, client_address: Any) -> None:
        self.camera.n_taken += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever looks may leave at any time."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Tcp

    def read_head(self) -> str:
        """A request's lines up to the empty one; "" at the end."""
        lines = list(iter(lambda: self.rfile.readline().decode().strip(), ""))
        return "\n".join(lines)


class _Http(_Handler):
    def handle(self) -> None:
        camera, head = self.server.camera, self.read_head()
        if camera.be_mute():
            return
        if not camera.lets_in(head):
            self.wfile.write(
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
            b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        )
        with suppress(OSError):
            for frame in camera.frames():
                self.wfile.write(
                    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
                    % (len(frame), frame)
                )


class _Rtsp(_Handler):
    def handle(self) -> None:
        camera = self.server.camera
        while head := self.read_head():
            if camera.be_mute():
                return
            verb, number = head.split()[0], re.search(r"CSeq: (\d+)", head)
            assert number is not None
            status, fields, body = self._answer(verb, head)
            lines = [f"RTSP/1.0 {status}", f"CSeq: {number[1]}", *fields]
            lines.append(f"Content-Length: {len(body)}")
            self.wfile.write("\r\n".join([*lines, "", body]).encode())
            if verb == "PLAY":
                self._play(camera)
                return

    def _answer(self, verb: str, head: str) -> tuple[str, list[str], str]:
        """Status, header fields and body."""
        if verb == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], ""
        if not self.server.camera.lets_in(head):
            return "401 Unauthorized", ['WWW-Authenticate: Basic realm="camera"'], ""
        if verb == "DESCRIBE":
            is_h264 = self.server.camera.is_h264
            sdp = _SDP.format(type=H264_PAYLOAD_TYPE if is_h264 else JPEG_PAYLOAD_TYPE)
            return "200 OK", ["Content-Type: application/sdp"], sdp + (_H264 if is_h264 else "")
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        return "200 OK", ["Session: 1", *([transport] if verb == "SETUP" else [])], ""

    def _play(self, camera: CameraServer) -> None:
        number, type = 0, H264_PAYLOAD_TYPE if camera.is_h264 else JPEG_PAYLOAD_TYPE
        packets = _H264Packets() if camera.is_h264 else _packets
        with suppress(OSError):
            for count, frame in enumerate(camera.frames()):
                time = round(count * FRAME_INTERVAL_S * CLOCK_HZ)
                for is_last, payload in packets(frame):
                    kind = type | (0x80 if is_last else 0)
                    head = struct.pack(">BBHII", 0x80, kind, number % 2**16, time, 1)
                    self.wfile.write(struct.pack(">cBH", b"$", 0, len(head + payload)))
                    self.wfile.write(head + payload)
                    number += 1


def _packets(frame: bytes) -> Iterator[tuple[bool, bytes]]:
    """A frame's RTP payloads, each with whether it is the last; what is no JPEG is one as it is."""
    if not frame.startswith(b"\xff\xd8"):
        yield True, frame[:MAX_PACKET_BYTES]
        return
    tables, width, height, scan = _read_jpeg(frame)
    for offset in range(0, len(scan), MAX_PACKET_BYTES):
        head = struct.pack(">I", offset)
        head += bytes([SUBSAMPLED_420, TABLES_IN_BAND, width // 8, height // 8])
        if offset == 0:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[offset : offset + MAX_PACKET_BYTES]
        yield offset + len(piece) == len(scan), head + piece


class _H264Packets:
    """The RTP payloads of each frame, given as a JPEG; a size that changes begins a new stream."""

    def __init__(self) -> None:
        self._av = importlib.import_module("av")
        self._codec: Any = None

    def __call__(self, frame: bytes) -> Iterator[tuple[bool, bytes]]:
        if not frame.startswith(b"\xff\xd8"):
            yield True, frame[:MAX_PACKET_BYTES]
            return
        picture = self._av.VideoFrame.from_image(Image.open(io.BytesIO(frame)))
        size = picture.width, picture.height
        if self._codec is None or (self._codec.width, self._codec.height) != size:
            self._codec = self._av.CodecContext.create("libx264", "w")
            self._codec.width, self._codec.height = size
            self._codec.pix_fmt, self._codec.time_base = "yuv420p", Fraction(1, 20)
            self._codec.gop_size = KEY_INTERVAL
            self._codec.options = {"tune": "zerolatency", "preset": "ultrafast"}
        picture.pts = None
        stream = b"".join(map(bytes, self._codec.encode(picture.reformat(format="yuv420p"))))
        units = [each for each in re.split(b"\0\0\0?\1", stream) if each]
        payloads = [each for unit in units for each in _fragments(unit)]
        for count, payload in enumerate(payloads, 1):
            yield count == len(payloads), payload


def _fragments(unit: bytes) -> Iterator[bytes]:
    """A unit of H.264 as it is, or in pieces that fit into packets."""
    if len(unit) <= MAX_PACKET_BYTES:
        yield unit
        return
    head, body = unit[0], unit[1:]
    for at in range(0, len(body), MAX_PACKET_BYTES):
        piece = body[at : at + MAX_PACKET_BYTES]
        ends = (0x80 if at == 0 else 0) | (0x40 if at + len(piece) == len(body) else 0)
        yield bytes([head & 0xE0 | FRAGMENT, ends | head & 0x1F]) + piece


def _read_jpeg(jpeg: bytes) -> tuple[bytes, int, int, bytes]:
    """The quantization tables, width, height and the entropy-coded scan of a baseline JPEG."""
    tables, width, height, at = b"", 0, 0, 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, at)
        segment = jpeg[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xFFDB:
            tables += b"".join(segment[n + 1 : n + 65] for n in range(0, len(segment), 65))
        elif marker == 0xFFC0:
            height, width = struct.unpack_from(">HH", segment, 1)
        elif marker == 0xFFDA:
            return tables, width, height, jpeg[at:-2]
