"""Writes a model's files into a folder: graphs, weights, tables, and what lists them."""

import json
import shutil
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path

from in_browser.checkpoint import Stored
from in_browser.graphs import GRAPHS
from in_browser.recorded import record
from in_browser.stored import AsStored, Shards, Weights
from moondream2.config import Config

# A checkpoint that is no larger is served as it is.
SMALL_BYTES = 200 * 2**20
TABLES = {"embedding": "text.wte"} | {
    name: f"region.{name}" for name in ("coord_features", "size_features")
}
MANIFEST = "model.json"
# Which models there are to choose from.
MODELS = "models.json"
# Of the manifest; whoever reads another one is told that it is too old.
LAYOUT = 1


def write_model(stored: Stored, folder: Path, format: str, name: str) -> dict:
    """Write all files of one model and the manifest that lists them; returns the manifest.

    format: "auto", or one of `in_browser.stored.FORMATS`. Raises one of
    `moondream2.weights.UNUSABLE`.
    """
    # Shards are appended to, and whatever lies there would be listed.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    weights = choose_weights(stored, folder, format)
    graphs = {graph: _write_graph(stored.config, weights, folder, graph) for graph in GRAPHS}
    weights.end_file()
    tables = {each: _table(weights, weight) for each, weight in TABLES.items()}
    shutil.copyfile(stored.tokenizer_path, folder / "tokenizer.json")
    manifest = {
        "layout": LAYOUT,
        "name": name,
        "format": weights.format,
        "config": asdict(stored.config),
        "graphs": graphs,
        "tables": tables,
        "files": [_told(each) for each in sorted(folder.iterdir())],
        "recorded": record(stored.config, weights),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def list_models(folder: Path) -> list[dict]:
    """Write down which models lie in the folders of a folder, the largest first; returns that."""
    models = []
    for path in folder.glob(f"*/{MANIFEST}"):
        manifest = json.loads(path.read_bytes())
        n_bytes = sum(each["bytes"] for each in manifest["files"])
        told = {"name": manifest["name"], "bytes": n_bytes, "is_large": n_bytes > SMALL_BYTES}
        models.append({"path": path.relative_to(folder).as_posix(), **told})
    models.sort(key=lambda told: -told["bytes"])
    (folder / MODELS).write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")
    return models


def choose_weights(stored: Stored, folder: Path, format: str) -> Weights:
    """How a checkpoint's weights are served; copies them where they stay as they are."""
    is_small = stored.weights_path.stat().st_size <= SMALL_BYTES
    if format == "auto" and is_small and (header := stored.header()) is not None:
        path = shutil.copyfile(stored.weights_path, folder / stored.weights_path.name)
        for name in header:
            stored.read(name)
        return AsStored(path.name, header, stored.read)
    return Shards(folder, stored.read, _made_of(format, is_small))


def _write_graph(config: Config, weights: Weights, folder: Path, name: str) -> dict:
    """Write one graph, its weights in files of its own; returns what a manifest says of it."""
    weights.end_file()
    graph = GRAPHS[name](config, weights)
    path = folder / f"{name}.onnx"
    path.write_bytes(graph.SerializeToString())
    places = [each for tensor in graph.graph.initializer for each in tensor.external_data]
    return {
        "path": path.name,
        "weights": sorted({each.value for each in places if each.key == "location"}),
    }


def _made_of(format: str, is_small: bool) -> str:
    if format != "auto":
        return format
    return "float16" if is_small else "int4"


def _table(weights: Weights, name: str) -> dict:
    places, kind = weights.table(name)
    return {"places": [asdict(place) for place in places], "type": kind}


def _told(path: Path) -> dict:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": digest}
