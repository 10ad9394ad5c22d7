"""What is noted of one answer, whoever gives it."""

from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Heard:
    """The tokens of one answer: their ids, and time.monotonic() when each was known."""

    asked_at: float = field(default_factory=monotonic)
    ids: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def hear(self, id: int) -> None:
        self.ids.append(id)
        self.times.append(monotonic())

    @property
    def first_word_s(self) -> float:
        return self.times[0] - self.asked_at

    @property
    def step_s(self) -> float:
        """Seconds from one token to the next, the first one left out."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)
