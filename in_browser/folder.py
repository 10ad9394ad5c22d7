"""The whole folder that a host serves: page, models, and what keeps both in a browser."""

import re
import shutil
from pathlib import Path

from checkpoints.checkpoint import DEMO, Checkpoint
from in_browser.checkpoint import Stored
from in_browser.model import list_models, write_model
from in_browser.site import write_service_worker, write_site
from protocol.frame import FrameLimits


def write_folder(folder: Path, found: Checkpoint, format: str, limits: FrameLimits) -> list[dict]:
    """Write page and model; beside a large model, which not every browser can run, the demo model.

    format: "auto", or one of `in_browser.stored.FORMATS`. Returns the models, the largest first.
    Raises NoRuntime, or one of `moondream2.weights.UNUSABLE`.
    """
    write_site(folder, limits)
    models = folder / "models"
    shutil.rmtree(models, ignore_errors=True)
    _write(models, found, format)
    told = list_models(models)
    if told[0]["is_large"] and not found.is_demo:
        _write(models, DEMO, "auto")
        told = list_models(models)
    write_service_worker(folder)
    return told


def _write(models: Path, found: Checkpoint, format: str) -> None:
    stored = Stored(found.folder, found.tokenizer)
    write_model(stored, models / slug(found.name), format, found.name)


def slug(name: str) -> str:
    """A name that can stand in any address."""
    return re.sub(r"[^\w.-]+|^\.+", "-", name, flags=re.ASCII)
