"""The one error family: a stable code, an HTTP status, a sentence for the person.

Messages say what was received, what is accepted, or what to do. They are shown as they are, so
nothing of the machine's inside belongs into them.
"""


class RequestError(Exception):
    """A request that gets an error instead of an answer.

    general_code: of the wider kind that it belongs to, for programs that do not know its own.
    """

    code = "internal"
    general_code: str | None = None
    http_status = 500

    @property
    def message(self) -> str:
        return str(self)


class BadRequest(RequestError):
    """The payload's shape, a type or a range is wrong."""

    code, http_status = "bad_request", 400


class BadImage(RequestError):
    """The picture cannot be read."""

    code, http_status = "bad_image", 400


class FrameForgotten(BadImage):
    """The frame that a request names is no longer held; the picture must be sent again."""

    code, general_code = "frame_forgotten", BadImage.code

    def __init__(
        self, message: str = "That frame is no longer held. Send the picture again."
    ) -> None:
        super().__init__(message)


class ImageTooLarge(RequestError):
    """The picture has more bytes or pixels than accepted."""

    code, http_status = "image_too_large", 413


class BodyTooLarge(RequestError):
    """What a program sends has more bytes than any question needs."""

    code, general_code, http_status = "body_too_large", "bad_request", 413


class WrongMediaType(RequestError):
    """A body is of a kind that is not read here."""

    code, general_code, http_status = "wrong_media_type", "bad_request", 415


class TooSlow(RequestError):
    """A body did not come in time."""

    code, general_code, http_status = "too_slow", "bad_request", 408


class Unauthorized(RequestError):
    """Whoever asks has no token, or a wrong one."""

    code, http_status = "unauthorized", 401

    def __init__(
        self,
        message: str = "This Moonsight asks for its token. Open its page once with ?token= and the"
        " token behind the address; a program sends it as a Bearer token.",
    ) -> None:
        super().__init__(message)


class ForeignOrigin(RequestError):
    """A page of another web site asks, which was not named at the start."""

    code, http_status = "foreign_origin", 403


class NoSuchPath(RequestError):
    """There is nothing at this path."""

    code, http_status = "not_found", 404


class WrongMethod(RequestError):
    """What is at this path is not asked that way."""

    code, http_status = "wrong_method", 405


class Busy(RequestError):
    """Too much is waiting already, in all or of this client.

    retry_after_s: when to try again, in whole seconds.
    """

    code, http_status = "busy", 429

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelFailed(RequestError):
    """The model could not be loaded, or the engine is closed."""

    code, http_status = "model_failed", 503


class Closing(ModelFailed):
    """Moonsight is about to end."""

    def __init__(self, message: str = "Moonsight is closing. Start it again to ask.") -> None:
        super().__init__(message)


class StartRefused(ModelFailed):
    """What was asked for at the start cannot be: no such checkpoint, no such device."""


class Unsupported(RequestError):
    """The model that answers cannot do this, however it is asked."""

    code, http_status = "unsupported", 501


class UpstreamFailed(RequestError):
    """The server that answers in the model's place did not, or not as it should.

    retry_after_s: when to try again, where it said so.
    """

    code, general_code, http_status = "upstream_failed", ModelFailed.code, 502

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UpstreamRefused(UpstreamFailed):
    """The server does not take what was asked. status: its HTTP status; told: its own message."""

    def __init__(self, message: str, status: int = 400, told: str = "") -> None:
        super().__init__(message)
        self.status, self.told = status, told


class UpstreamCut(UpstreamFailed):
    """The server's answer broke off after its beginning, which stays."""


class UpstreamUnreadable(UpstreamFailed):
    """The server's model answered, but not in the form that was asked for."""

    code = "upstream_unreadable"


class NoWebhook(RequestError):
    """There is nowhere an alert could go."""

    code, http_status = "no_webhook", 501

    def __init__(
        self, message: str = "No webhook is set. Start Moonsight with --alert-webhook URL."
    ) -> None:
        super().__init__(message)


class NotShared(RequestError):
    """A program wants to look, and nobody lets programs look."""

    code, http_status = "not_shared", 409

    def __init__(
        self,
        message: str = "No page shares its camera. Open Moonsight's page and turn on"
        " Let programs look.",
    ) -> None:
        super().__init__(message)


class NothingToSee(RequestError):
    """A program wants to look, and the page that lets it has no picture."""

    code, http_status = "nothing_to_see", 409

    def __init__(
        self, message: str = "The page that shares its camera has nothing to show just now."
    ) -> None:
        super().__init__(message)


class PageSilent(RequestError):
    """The page that lets programs look does not answer."""

    code, http_status = "page_silent", 504

    def __init__(
        self,
        message: str = "The page that shares its camera does not answer. Is its computer asleep?",
    ) -> None:
        super().__init__(message)


class StoppedByPerson(RequestError):
    """The person through whose page a program looks wants no answer to this."""

    code, http_status = "stopped_by_person", 409

    def __init__(
        self, message: str = "The person at the page that shares its camera stopped this."
    ) -> None:
        super().__init__(message)


class NotDelivered(RequestError):
    """An alert did not reach the webhook, or was not taken there."""

    code, http_status = "not_delivered", 502


class Internal(RequestError):
    """Something broke that the visitor did not cause; the log has the traceback."""

    code, http_status = "internal", 500

    def __init__(self, message: str = "Something went wrong while answering. Ask again.") -> None:
        super().__init__(message)


class OutOfMemory(Internal):
    """The device had too little memory for this request; the next one may fit."""

    code, general_code, http_status = "out_of_memory", Internal.code, 503
