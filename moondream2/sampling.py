"""From scores to one token."""

from dataclasses import dataclass

import torch
from torch import Tensor

# Below this the likeliest token wins every draw, and dividing by it would overflow.
MIN_TEMPERATURE = 1e-3


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen: temperature 0 takes the best; otherwise draw from the likeliest.

    temperature: 0 or more. top_p: 0..1, the mass that candidates may have in front of them.
    seed: makes the draws of one answer reproducible; None draws freely.
    """

    temperature: float = 0.0
    top_p: float = 0.3
    seed: int | None = None

    @property
    def is_greedy(self) -> bool:
        return self.temperature < MIN_TEMPERATURE

    def generator(self, device: torch.device) -> torch.Generator | None:
        """The source of this answer's draws, None where nothing is drawn."""
        if self.is_greedy:
            return None
        generator = torch.Generator(device)
        if self.seed is None:
            generator.seed()
        else:
            generator.manual_seed(self.seed)
        return generator


def distribution(logits: Tensor, sampling: Sampling) -> Tensor:
    """Turn logits (…, V) into the probabilities (…, V) left after temperature and top-p.

    The likeliest entry always stays.
    """
    probabilities = (logits.float() / sampling.temperature).softmax(dim=-1)
    ordered, order = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    kept = ordered.masked_fill(before > sampling.top_p, 0.0)
    kept = kept / kept.sum(dim=-1, keepdim=True)
    return torch.zeros_like(kept).scatter(-1, order, kept)


def choose(logits: Tensor, sampling: Sampling, generator: torch.Generator | None) -> int:
    """Choose one token from logits (V)."""
    if sampling.is_greedy:
        return int(logits.argmax())
    return int(torch.multinomial(distribution(logits, sampling), 1, generator=generator))
