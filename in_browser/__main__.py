"""`python -m in_browser CHECKPOINT OUT`: a folder in which the model runs in the browser."""

import re
import shutil
import sys
from pathlib import Path

import click

from checkpoints.checkpoint import DEMO, Checkpoint, parse_model
from in_browser.checkpoint import Stored
from in_browser.model import list_models, write_model
from in_browser.runtime import NoRuntime
from in_browser.site import write_service_worker, write_site
from in_browser.stored import FORMATS
from moondream2.weights import UNUSABLE
from protocol.errors import ModelFailed, StartRefused
from settings import Settings

OUT = Path("build") / "browser"


@click.command()
@click.argument("checkpoint", default="demo")
@click.argument("out", type=click.Path(path_type=Path), default=OUT)
@click.option("--model", help="in the place of CHECKPOINT")
@click.option("--weights", type=click.Choice(["auto", *FORMATS]), default="auto")
def main(checkpoint: str, out: Path, model: str | None, weights: str) -> None:
    """Write the folder OUT, in which a model runs in the browser; any host can serve it.

    CHECKPOINT: demo, moondream2, or the folder of a checkpoint.
    """
    settings = Settings()
    try:
        found = parse_model(model or checkpoint, settings.revision).find(lambda progress: None)
        write_site(out, settings.frame_limits)
        models = _write_models(found, out / "models", weights)
        write_service_worker(out)
    except (*UNUSABLE, ModelFailed, NoRuntime, StartRefused) as error:
        sys.exit(str(error))
    for told in models:
        click.echo(f"{out} has the page and {told['name']}, {told['bytes'] / 1e6:.1f} MB.")
    click.echo(f"To try it: {sys.executable} -m http.server --directory {out}")


def _write_models(found: Checkpoint, folder: Path, format: str) -> list[dict]:
    """Write a model; beside a large one, which not every browser can run, the demo model."""
    shutil.rmtree(folder, ignore_errors=True)
    write_model(
        Stored(found.folder, found.tokenizer), folder / slug(found.name), format, found.name
    )
    models = list_models(folder)
    if models[0]["is_large"]:
        write_model(Stored(DEMO.folder, DEMO.tokenizer), folder / DEMO.name, "auto", DEMO.name)
    return list_models(folder)


def slug(name: str) -> str:
    """A name that can stand in any address."""
    return re.sub(r"[^\w.-]+|^\.+", "-", name, flags=re.ASCII)


if __name__ == "__main__":
    main()
