"""Socket.IO packets as strangers send them: what cannot be read still gets its one response."""

import re
from json import JSONDecodeError

from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT, Packet

from protocol.errors import BadRequest
from protocol.formats.json_text import MAX_VALUES, has_too_many_values
from protocol.request import Skill

# A request has one, its picture. A few more are heard to their end, so that this can be said.
MAX_ATTACHMENTS = 16
_RESERVED = ("connect", "disconnect")

# The beginning of an event, up to its name: number of attachments, id, name.
_EVENT = re.compile(r'(?:2|5(?P<n_attachments>[0-9]{1,4})-)[0-9]{0,99}(?:\["(?P<name>[a-z]+)")?')


class Unreadable(str):
    """Why a message cannot be read, as the last argument of its event."""

    __slots__ = ()


class _TooManyValues(ValueError):
    """Reading a message would hold everybody up."""


class PagePacket(Packet):
    """A packet whose event always reaches its handler.

    One that cannot be read carries what is known of its payload, and an Unreadable. What breaks
    the protocol itself raises ValueError: then nobody can tell where the next message begins.
    """

    def decode(self, encoded_packet: object) -> int:
        if not isinstance(encoded_packet, str):
            raise ValueError("Only text begins a packet.")
        try:
            if has_too_many_values(encoded_packet):
                raise _TooManyValues
            n_attachments = super().decode(encoded_packet)
        except (ValueError, RecursionError) as error:
            n_attachments = self._decode_beginning(encoded_packet, error)
        if self.packet_type in (EVENT, BINARY_EVENT):
            self._check_event(n_attachments)
        elif self.packet_type == BINARY_ACK:
            raise ValueError("Nobody was asked for an attachment.")
        return n_attachments

    def add_attachment(self, attachment: object) -> bool:
        if not isinstance(attachment, bytes):
            raise ValueError("An attachment is missing.")
        try:
            return super().add_attachment(attachment if self.attachment_count == 1 else b"")
        except (LookupError, TypeError, RecursionError):
            self._refuse("The request names an attachment that did not come with it.")
            return True

    def _decode_beginning(self, encoded_packet: str, error: Exception) -> int:
        match = _EVENT.match(encoded_packet)
        if match is None:
            raise ValueError("This is no packet.") from error
        self.data = [match["name"]]
        self._refuse(_why(error))
        return int(match["n_attachments"] or 0)

    def _check_event(self, n_attachments: int) -> None:
        if self.namespace not in (None, "/"):
            raise ValueError("There is one namespace.")
        if not isinstance(self.data, list) or not self.data or not isinstance(self.data[0], str):
            self._refuse("An event is a list of its name and its payload.")
        if self.data[0] in _RESERVED:
            raise ValueError("The name of this event is reserved.")
        if (self.packet_type == BINARY_EVENT) != (n_attachments > 0):
            raise ValueError("The number of attachments is missing.")
        if n_attachments > MAX_ATTACHMENTS:
            raise ValueError("There are too many attachments.")
        if n_attachments > 1:
            self._refuse(f"A request has one attachment, its picture; this has {n_attachments}.")

    def _refuse(self, reason: str) -> None:
        """Let the event say why it cannot be read, under its own name and id where these can."""
        name, payload = [*(self.data if isinstance(self.data, list) else ()), None, None][:2]
        self.data = [
            name if isinstance(name, str) else Skill.QUERY.value,
            {"id": payload.get("id")} if isinstance(payload, dict) else None,
            Unreadable(reason),
        ]


def _why(error: Exception) -> str:
    if isinstance(error, _TooManyValues):
        return f"The message has more than {MAX_VALUES:,} values."
    if isinstance(error, RecursionError):
        return "The message is nested too deeply to be read."
    if isinstance(error, JSONDecodeError):
        return "The message is no JSON that can be read."
    return "The message holds a number of too many digits."


def check_rest(rest: tuple[object, ...]) -> None:
    """Raise BadRequest where an event's last argument says that it cannot be read."""
    for each in rest:
        if isinstance(each, Unreadable):
            raise BadRequest(each)
