"""How long another server is waited for, how much of it is read, and how often it is asked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Times in seconds, sizes in bytes.

    first_byte_s: of an answer; its model may have to be loaded. between_s: from bytes to bytes.
    whole_s: the whole of an answer. after_end_s: for what may follow the last word, such as usage;
    linger_s: for the end of a stream that said it is done.
    look_s: to see who is there; every_s: how often that is, while one is; away_s: before each look
    for one that is not, the last for all others. pauses_s: before asking again. retry_after_s: the
    longest one that a server may ask for and get. loading_s: for a model that is being loaded,
    asked again every loads_s.
    """

    connect_s: float = 5.0
    first_byte_s: float = 120.0
    between_s: float = 30.0
    whole_s: float = 600.0
    after_end_s: float = 1.0
    linger_s: float = 0.05
    look_s: float = 10.0
    every_s: float = 30.0
    away_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    pauses_s: tuple[float, ...] = (0.5, 2.0)
    retry_after_s: float = 5.0
    loading_s: float = 120.0
    loads_s: float = 1.0
    max_bytes: int = 32 * 2**20
    max_json_bytes: int = 8 * 2**20
    max_models_bytes: int = 8 * 2**20
    max_event_bytes: int = 2**20
    max_error_bytes: int = 2**16


LIMITS = Limits()
