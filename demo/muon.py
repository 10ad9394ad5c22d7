"""Muon: momentum whose update is made orthogonal, for the hidden matrices of the network.

After K. Jordan and others, 2024; scaled to the step size of AdamW as in "Muon is scalable", 2025.
Matrices of one shape are handled as one batch, which keeps it cheap on a CPU.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: Tensor, n_iterations: int = 5) -> Tensor:
    """Bring the singular values of matrices (N, rows, columns) near 1."""
    a, b, c = NEWTON_SCHULZ
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if is_tall else matrices).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(n_iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).float()


class Muon(torch.optim.Optimizer):
    """Steps matrices; those named in `thirds` hold query, key and value and are cut in three."""

    def __init__(
        self,
        matrices: Iterable[Tensor],
        thirds: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        groups = [
            {"params": list(matrices), "n_parts": 1},
            {"params": list(thirds), "n_parts": 3},
        ]
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient."""
        for group in self.param_groups:
            batches: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(momentum, group["momentum"])
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parts = group["n_parts"]
                for piece, direction in zip(
                    parameter.chunk(parts), update.chunk(parts), strict=True
                ):
                    batches[piece.shape].append((piece, direction))
            for shape, pairs in batches.items():
                directions = orthogonalise(torch.stack([direction for _, direction in pairs]))
                scale = 0.2 * max(shape) ** 0.5 * group["lr"]
                for (piece, _), direction in zip(pairs, directions, strict=True):
                    piece.sub_(direction, alpha=scale)
