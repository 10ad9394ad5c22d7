"""`python -m in_browser CHECKPOINT OUT`: a folder in which the model runs in the browser."""

import sys
from pathlib import Path

import click

from checkpoints.checkpoint import parse_model
from in_browser.checkpoint import Stored
from in_browser.model import write_model
from in_browser.runtime import NoRuntime
from in_browser.site import write_site
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
        stored = Stored(found.folder, found.tokenizer)
        write_site(out, settings.frame_limits)
        manifest = write_model(stored, out / "model", weights, found.name)
        n_bytes = sum(each["bytes"] for each in manifest["files"])
    except (*UNUSABLE, ModelFailed, NoRuntime, StartRefused) as error:
        sys.exit(str(error))
    click.echo(f"{out} has the page and {manifest['name']}, {n_bytes / 1e6:.1f} MB.")
    click.echo(f"To try it: {sys.executable} -m http.server --directory {out}")


if __name__ == "__main__":
    main()
