"""What the network computes of one known picture: who runs its graphs elsewhere can compare."""

import math
from functools import partial

import torch
from torch import Tensor, nn

from in_browser.stored import Weights
from moondream2.config import Config
from moondream2.network import Network

# How many numbers are written down of each stage, at equal distances.
N_RECORDED = 64
# Of what is appended behind the picture; the last of them by itself, as an answer is written.
N_TOKENS = 6


def record(config: Config, weights: Weights) -> dict:
    """Some numbers of every stage, and the tokens that were fed.

    The picture is `known_crop`. "features": vision's (G * G, E); "scores" of the token (V) after
    the picture and all tokens but the last, "step_scores" after the last one, too.
    """
    network = _streaming(config, weights)
    tokens = [(7919 * nth + 11) % config.text.vocab_size for nth in range(N_TOKENS)]
    with torch.inference_mode():
        features = network.encode_crops(known_crop(config.vision.crop_size)[None])
        image_tokens = network.vision.merge(features, (1, 1))
        ids = torch.tensor([config.tokenizer.bos_id, *tokens])
        embedded = weights.seen("text.wte")[ids]
        x = torch.cat([embedded[:1], image_tokens, embedded[1:]])
        hidden = network.text(x[None], torch.arange(len(x))[None], _visibility(len(x)))[0]
        scores, step_scores = network.text.logits(hidden[-2:])
    stages = {"features": features, "scores": scores, "step_scores": step_scores}
    return {"tokens": tokens, **{name: _some(stage) for name, stage in stages.items()}}


def known_crop(side: int) -> Tensor:
    """A picture that everybody can make again: uint8 (side, side, 3)."""
    y, x, c = torch.meshgrid(torch.arange(side), torch.arange(side), torch.arange(3), indexing="ij")
    return (x * y * (c + 1) % 256).byte()


def _visibility(n: int) -> Tensor:
    """All of a picture see each other, what follows it sees what came before: (n, n), bool."""
    may_see = torch.ones(n, n, dtype=torch.bool).tril()
    may_see[: n - N_TOKENS, : n - N_TOKENS] = True
    return may_see


def _some(stage: Tensor) -> list[float]:
    numbers = stage.flatten()
    return numbers[:: math.ceil(len(numbers) / N_RECORDED)].tolist()


def _streaming(config: Config, weights: Weights) -> Network:
    """A network that holds no weights: each layer reads its own when it computes, and lets go."""
    with torch.device("meta"):
        network = Network(config)

    def fill(module: nn.Module, args: object, *, name: str) -> None:
        for parameter in dict(module.named_parameters()):
            setattr(module, parameter, nn.Parameter(weights.seen(f"{name}.{parameter}"), False))

    def empty(module: nn.Module, args: object, output: object) -> None:
        module.to("meta")

    for name, module in network.named_modules():
        if isinstance(module, nn.Linear | nn.LayerNorm):
            module.register_forward_pre_hook(partial(fill, name=name))
            module.register_forward_hook(empty)
    network.vision.pos_emb = nn.Parameter(weights.seen("vision.pos_emb"), False)
    return network.eval()
