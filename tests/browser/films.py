"""Video files made of pictures: WebM, each frame a VP8 key frame out of a WebP of Pillow's."""

import io
import struct
from collections.abc import Sequence

from PIL import Image

EBML, SEGMENT, CLUSTER, CUES = (
    b"\x1a\x45\xdf\xa3",
    b"\x18\x53\x80\x67",
    b"\x1f\x43\xb6\x75",
    b"\x1c\x53\xbb\x6b",
)
INFO, TRACKS = b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b"


def element(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def number(name: bytes, value: int) -> bytes:
    return element(name, value.to_bytes(4, "big"))


def vp8(image: Image.Image) -> bytes:
    webp = io.BytesIO()
    image.convert("RGB").save(webp, "WEBP", quality=90, method=0)
    chunk = webp.getvalue()[12:]
    assert chunk[:4] == b"VP8 "
    return chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]


def webm(frames: Sequence[Image.Image], frames_per_s: int = 10) -> bytes:
    """A film that shows each picture for as long; one cluster, and a cue for each frame."""
    width, height = frames[0].size
    step_ms = 1000 // frames_per_s
    head = element(
        EBML,
        element(b"\x42\x82", b"webm"),
        number(b"\x42\x87", 2),
        number(b"\x42\x85", 2),
    )
    duration = element(b"\x44\x89", _float(len(frames) * step_ms))
    info = element(INFO, number(b"\x2a\xd7\xb1", 1_000_000), duration)
    video = element(b"\xe0", number(b"\xb0", width), number(b"\xba", height))
    track = element(
        b"\xae",
        number(b"\xd7", 1),
        number(b"\x73\xc5", 1),
        number(b"\x83", 1),
        element(b"\x86", b"V_VP8"),
        video,
    )
    tracks = element(TRACKS, track)
    blocks = [
        element(b"\xa3", b"\x81" + (at * step_ms).to_bytes(2, "big") + b"\x80" + vp8(frame))
        for at, frame in enumerate(frames)
    ]
    cluster = element(CLUSTER, number(b"\xe7", 0), *blocks)
    position = len(info) + len(tracks)
    cue = element(b"\xb7", number(b"\xf7", 1), number(b"\xf1", position))
    cues = element(CUES, element(b"\xbb", number(b"\xb3", 0), cue))
    return head + element(SEGMENT, info, tracks, cluster, cues)


def _float(value: float) -> bytes:
    return struct.pack(">d", value)
