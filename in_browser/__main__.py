"""`python -m in_browser CHECKPOINT OUT`: a folder in which the model runs in the browser."""

import sys
from pathlib import Path

import click

from checkpoints.checkpoint import parse_model
from in_browser.folder import write_folder
from in_browser.runtime import NoRuntime
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
        models = write_folder(out, found, weights, settings.frame_limits)
    except (*UNUSABLE, ModelFailed, NoRuntime, StartRefused) as error:
        sys.exit(str(error))
    for told in models:
        click.echo(f"{out} has the page and {told['name']}, {told['bytes'] / 1e6:.1f} MB.")
    click.echo(f"To try it: {sys.executable} -m http.server --directory {out}")


if __name__ == "__main__":
    main()
