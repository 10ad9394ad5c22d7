"""Weights of the text decoder as whole numbers of 8 bits, so that a step reads half the bytes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moondream2.network import Network

# Up to so many rows the packed product is the faster one: it reads the weights as they are.
MAX_PACKED_ROWS = 32
LARGEST = 127


class Int8Linear(nn.Module):
    """A linear layer of int8 weights (out, in) with a scale for each output; bfloat16 around it."""

    weight: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.float()
        # A row of zeros has any scale.
        scale = (weight.abs().amax(dim=1) / LARGEST).clamp(min=torch.finfo(torch.float32).tiny)
        self.register_buffer("weight", (weight / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale.to(linear.weight.dtype))
        self.register_buffer("bias", linear.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, -2)
        if len(rows) <= MAX_PACKED_ROWS:
            y = torch._weight_int8pack_mm(rows, self.weight, self.scale)
        else:
            y = F.linear(rows, self.weight.to(x.dtype)) * self.scale
        return (y + self.bias).unflatten(0, x.shape[:-1])


@torch.inference_mode()
def quantise(network: Network) -> None:
    """Turn every linear layer of a bfloat16 network's text decoder into an Int8Linear, in place.

    Vision and region keep their weights: they are read once per picture or object, and it is there
    that rounding would move a box.
    """
    for module in list(network.text.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, Int8Linear(child))
