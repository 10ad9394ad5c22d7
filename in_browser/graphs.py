"""The network's parts as ONNX graphs; loops, masks and choices stay with whoever runs them.

Each is the part of `moondream2` that it is named after, with the same weights. Shapes are given as
there: N crops, S a crop's side, G the grid, E and D the widths of vision and text, T new positions
after P that were kept, H heads of K numbers. Batch is 1.
"""

from collections.abc import Callable

import numpy as np
from onnx import ModelProto, TensorProto

from in_browser.graph import Graph
from in_browser.stored import Weights
from moondream2.config import Config
from moondream2.text import rotary_table

FLOAT, UINT8, INT64 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64


def vision(config: Config, weights: Weights) -> ModelProto:
    """Crops (N, S, S, 3), uint8 RGB, to features (N, G * G, E)."""
    sizes, graph = config.vision, Graph()
    side, patch, grid = sizes.crop_size, sizes.enc_patch_size, sizes.grid_size
    pixels = graph.node("Cast", "crops", to=FLOAT)
    pixels = graph.node("Div", pixels, graph.constant(255.0))
    pixels = graph.node("Sub", pixels, graph.constant(0.5))
    pixels = graph.node("Div", pixels, graph.constant(0.5))
    patches = graph.reshape(pixels, -1, grid, patch, grid, patch, 3)
    patches = graph.transpose(patches, 0, 1, 3, 5, 2, 4)
    patches = graph.reshape(patches, -1, grid * grid, sizes.patch_dim)
    x = weights.linear(graph, patches, "vision.patch_emb")
    x = graph.node("Add", x, weights.tensor(graph, "vision.pos_emb"))
    for index in range(sizes.enc_n_layers):
        block = f"vision.blocks.{index}"
        h = weights.norm(graph, x, f"{block}.ln1")
        qkv = weights.linear(graph, h, f"{block}.attn.qkv")
        q, k, v = graph.nodes("Split", qkv, n_outputs=3, axis=-1, num_outputs=3)
        mixed = graph.node("MultiHeadAttention", q, k, v, num_heads=sizes.enc_n_heads)
        x = graph.node("Add", x, weights.linear(graph, mixed, f"{block}.attn.proj"))
        h = weights.norm(graph, x, f"{block}.ln2")
        x = graph.node("Add", x, _mlp(graph, weights, h, f"{block}.mlp"))
    features = weights.norm(graph, x, "vision.post_ln")
    return graph.finish(
        "vision",
        {"crops": (UINT8, ("N", side, side, 3))},
        {"features": (features, ("N", grid * grid, sizes.enc_dim))},
    )


def merge(config: Config, weights: Weights) -> ModelProto:
    """Features of all crops (N, G * G, E), the whole frame's first, to image tokens (1, G * G, D).

    down (G, rows * G) and across (G, cols * G) say how much of each cell of all tiles, laid side by
    side with their margins, goes into each place: see `shares` in js/network/tiling.js. The tiles
    are the last rows * cols features, so that a single crop is no special case.
    """
    sizes, graph = config.vision, Graph()
    grid, width = sizes.grid_size, sizes.enc_dim
    zero, one, side = graph.constant([0]), graph.constant([1]), graph.constant([grid])
    n_rows, n_cols = (graph.node("Shape", shares, start=1, end=2) for shares in ("down", "across"))
    rows, cols = (graph.node("Div", n_cells, side) for n_cells in (n_rows, n_cols))
    n_tiles = graph.node("Mul", rows, cols)
    begin, end = graph.node("Neg", n_tiles), graph.constant([2**31])
    tiles = graph.node("Slice", "features", begin, end, zero, one)
    widths = graph.constant([width])
    laid = graph.node("Concat", rows, cols, side, side, widths, axis=0)
    tiles = graph.transpose(graph.node("Reshape", tiles, laid), 0, 2, 1, 3, 4)
    lines = graph.node("Concat", n_rows, graph.constant([-1]), axis=0)
    pooled = graph.node("MatMul", "down", graph.node("Reshape", tiles, lines))
    places = graph.node("Concat", side, n_cols, widths, axis=0)
    pooled = graph.node("MatMul", "across", graph.node("Reshape", pooled, places))
    whole = graph.node("Slice", "features", zero, one, zero, one)
    whole, pooled = (graph.reshape(each, 1, grid * grid, width) for each in (whole, pooled))
    both = graph.node("Concat", whole, pooled, axis=-1)
    tokens = _mlp(graph, weights, both, "vision.proj_mlp")
    return graph.finish(
        "merge",
        {
            "features": (FLOAT, ("N", grid * grid, width)),
            "down": (FLOAT, (grid, "rows")),
            "across": (FLOAT, (grid, "cols")),
        },
        {"image_tokens": (tokens, (1, grid * grid, sizes.proj_out_dim))},
    )


def decoder(config: Config, weights: Weights) -> ModelProto:
    """Some positions x (1, T, D) after what was kept; scores (1, 1, V) of what follows the last.

    bias (1, 1, T, P + T) is added to the scores of attention. Gives also the residual stream
    `hidden` (1, T, D) before the last norm, which the region heads read raw, and keys and values of
    all P + T positions. What is kept of a key has another order of numbers than in `moondream2`:
    scores do not care.
    """
    sizes, graph = config.text, Graph()
    cos, sin = _rotary(graph, config)
    x, kept = "x", {}
    for index in range(sizes.n_layers):
        block = f"text.blocks.{index}"
        h = weights.norm(graph, x, f"{block}.ln")
        mixed, keys, values = _attend(graph, config, weights, h, index, (cos, sin))
        kept[f"present_key_{index}"], kept[f"present_value_{index}"] = keys, values
        x = graph.node("Add", x, weights.linear(graph, mixed, f"{block}.attn.proj"))
        x = graph.node("Add", x, _mlp(graph, weights, h, f"{block}.mlp"))
    last = graph.node("Slice", x, *(graph.constant([each]) for each in (-1, 2**31, 1, 1)))
    scores = weights.linear(graph, weights.norm(graph, last, "text.post_ln"), "text.lm_head")
    cached = (1, sizes.n_heads, "P", sizes.head_dim)
    inputs = {
        "x": (FLOAT, (1, "T", sizes.dim)),
        "bias": (FLOAT, (1, 1, "T", "P + T")),
        "positions": (INT64, (1, "T")),
    }
    inputs |= {name.replace("present", "past"): (FLOAT, cached) for name in kept}
    outputs: dict[str, tuple[str, tuple[int | str, ...]]] = {
        "scores": (scores, (1, 1, sizes.vocab_size)),
        "hidden": (x, (1, "T", sizes.dim)),
    }
    outputs |= {name: (made, (*cached[:2], "P + T", cached[3])) for name, made in kept.items()}
    return graph.finish("decoder", inputs, outputs)


def encoder_of(part: str) -> Callable[[Config, Weights], ModelProto]:
    """Fourier features (1, F) of a coordinate or a size to a vector (1, 1, D)."""

    def encode(config: Config, weights: Weights) -> ModelProto:
        region, graph = config.region, Graph()
        n_features = {"coord": region.coord_feat_dim, "size": region.size_feat_dim}[part]
        made = weights.linear(graph, "features", f"region.{part}_encoder")
        x = graph.reshape(made, 1, 1, region.dim)
        inputs = {"features": (FLOAT, (1, n_features))}
        return graph.finish(f"encode_{part}", inputs, {"x": (x, (1, 1, region.dim))})

    return encode


def decoder_of(part: str) -> Callable[[Config, Weights], ModelProto]:
    """A residual stream (1, D) to scores of all bins; of a size the width's, then the height's."""

    def decode(config: Config, weights: Weights) -> ModelProto:
        region, graph = config.region, Graph()
        scores = _mlp(graph, weights, "hidden", f"region.{part}_decoder")
        n_scores = {"coord": region.coord_out_dim, "size": region.size_out_dim}[part]
        inputs = {"hidden": (FLOAT, (1, region.dim))}
        return graph.finish(f"decode_{part}", inputs, {"scores": (scores, (1, n_scores))})

    return decode


GRAPHS: dict[str, Callable[[Config, Weights], ModelProto]] = {
    "vision": vision,
    "merge": merge,
    "decoder": decoder,
    "encode_coordinate": encoder_of("coord"),
    "encode_size": encoder_of("size"),
    "decode_coordinate": decoder_of("coord"),
    "decode_size": decoder_of("size"),
}


def _mlp(graph: Graph, weights: Weights, x: str, name: str) -> str:
    inner = graph.node("Gelu", weights.linear(graph, x, f"{name}.fc1"), approximate="tanh")
    return weights.linear(graph, inner, f"{name}.fc2")


def _rotary(graph: Graph, config: Config) -> tuple[str, str]:
    table = rotary_table(config.text).numpy().astype(np.float32)
    return graph.constant(table[..., 0]), graph.constant(table[..., 1])


def _attend(
    graph: Graph,
    config: Config,
    weights: Weights,
    h: str,
    layer: int,
    cos_sin: tuple[str, str],
) -> list[str]:
    """Mixed values (1, T, D), and the keys and values (1, H, P + T, K) of all positions."""
    sizes = config.text
    qkv = weights.linear(graph, h, f"text.blocks.{layer}.attn.qkv")
    n_q, n_kv = sizes.n_heads * sizes.head_dim, sizes.n_kv_heads * sizes.head_dim
    parts = graph.constant([n_q, n_kv, n_kv])
    q, k, v = graph.nodes("Split", qkv, parts, n_outputs=3, axis=-1)
    q, k = (
        graph.node(
            "RotaryEmbedding",
            x,
            "positions",
            *cos_sin,
            num_heads=n_heads,
            rotary_embedding_dim=sizes.rotary_dim,
            interleaved=0,
        )
        for x, n_heads in ((q, sizes.n_heads), (k, sizes.n_kv_heads))
    )
    if sizes.n_kv_heads != sizes.n_heads:
        k, v = (_for_every_head(graph, config, x) for x in (k, v))
    past = f"past_key_{layer}", f"past_value_{layer}"
    return graph.nodes(
        "MultiHeadAttention", q, k, v, "", "", "bias", *past, n_outputs=3, num_heads=sizes.n_heads
    )


def _for_every_head(graph: Graph, config: Config, x: str) -> str:
    """Keys or values (1, T, kv heads * K) that several heads share, once for each (1, T, H * K)."""
    sizes = config.text
    n_each = sizes.n_heads // sizes.n_kv_heads
    split = graph.reshape(x, 1, -1, sizes.n_kv_heads, 1, sizes.head_dim)
    shape = graph.constant([1, 1, sizes.n_kv_heads, n_each, sizes.head_dim])
    return graph.reshape(graph.node("Expand", split, shape), 1, -1, sizes.n_heads * sizes.head_dim)
