"""Writes a model's files into a folder: graphs, weights, tables, and what lists them."""

import json
import shutil
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path

from in_browser.checkpoint import Stored
from in_browser.graphs import GRAPHS
from in_browser.stored import AsStored, Shards, Weights

# A checkpoint that is no larger is served as it is.
SMALL_BYTES = 200 * 2**20
TABLES = {"embedding": "text.wte"} | {
    name: f"region.{name}" for name in ("coord_features", "size_features")
}
MANIFEST = "model.json"


def write_model(stored: Stored, folder: Path, format: str, name: str) -> dict:
    """Write all files of one model and the manifest that lists them; returns the manifest.

    format: "auto", or one of `in_browser.stored.FORMATS`.
    """
    # Shards are appended to, and whatever lies there would be listed.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    weights = choose_weights(stored, folder, format)
    for graph, make in GRAPHS.items():
        (folder / f"{graph}.onnx").write_bytes(make(stored.config, weights).SerializeToString())
    tables = {each: _table(weights, weight) for each, weight in TABLES.items()}
    shutil.copyfile(stored.tokenizer_path, folder / "tokenizer.json")
    manifest = {
        "name": name,
        "format": weights.format,
        "config": asdict(stored.config),
        "graphs": {graph: f"{graph}.onnx" for graph in GRAPHS},
        "weights": weights.paths,
        "tables": tables,
        "files": [_told(each) for each in sorted(folder.iterdir())],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def choose_weights(stored: Stored, folder: Path, format: str) -> Weights:
    """How a checkpoint's weights are served; copies them where they stay as they are."""
    is_small = stored.weights_path.stat().st_size <= SMALL_BYTES
    if format == "auto" and is_small and (header := stored.header()) is not None:
        path = shutil.copyfile(stored.weights_path, folder / stored.weights_path.name)
        return AsStored(path.name, header)
    return Shards(folder, stored.read, _made_of(format, is_small))


def _made_of(format: str, is_small: bool) -> str:
    if format != "auto":
        return format
    return "float16" if is_small else "int4"


def _table(weights: Weights, name: str) -> dict:
    place, kind = weights.table(name)
    return {**asdict(place), "type": kind}


def _told(path: Path) -> dict:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": digest}
