"""Forms as browsers and curl write them."""

BOUNDARY = "------------------------d74496d66958873e"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, data: bytes, head: str = "") -> bytes:
    """One field of a form."""
    disposition = f'Content-Disposition: form-data; name="{name}"{head}'
    return f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + data + b"\r\n"


def picture(data: bytes, name: str = "file", filename: str = "frame.jpg") -> bytes:
    """The field that holds a picture."""
    return part(name, data, f'; filename="{filename}"\r\nContent-Type: image/jpeg')


def form(*parts: bytes) -> bytes:
    """All of a form's body."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
