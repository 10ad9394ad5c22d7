"""For which tokenizer a checkpoint was made: its own `moondream.py` names it.

The older releases have the same names and shapes, and answer garbage with this tokenizer. The file
is read as text and never run.
"""

from pathlib import Path

from checkpoints.names import MOONDREAM2, PUBLISHED, STARMIE
from moondream2.disk import why_unreadable
from protocol.errors import StartRefused

RECIPE_FILE = "moondream.py"
MAX_RECIPE_BYTES = 10**6


def check_recipe(path: Path, checkpoint: str, repo: str | None = None) -> None:
    """Raise StartRefused for a checkpoint of older weights; `checkpoint` is how it is called."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_RECIPE_BYTES)
    except OSError as error:
        raise StartRefused(why_unreadable(path, error)) from error
    if STARMIE.repo.encode() not in text:
        remedy = f"--revision {PUBLISHED}" if repo == MOONDREAM2 else "--model moondream2"
        raise StartRefused(
            f"{checkpoint} is of an older kind: its {RECIPE_FILE} does not name the tokenizer"
            f" {STARMIE.repo}, and with any other the answers would be garbage. Start with"
            f" {remedy}."
        )
