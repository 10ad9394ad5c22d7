"""A checkpoint folder of the person's own: judged before torch is imported, and completed."""

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.names import PUBLISHED, STARMIE
from checkpoints.recipe import RECIPE_FILE, check_recipe
from moondream2.config import (
    CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Config,
    ConfigRejected,
    TokenizerConfig,
)
from moondream2.disk import why_unreadable
from moondream2.files import CheckpointRejected, check_files, check_kind, read_header
from protocol.errors import ModelFailed, StartRefused
from protocol.status import OnProgress

if TYPE_CHECKING:
    from checkpoints.hub import Hub

log = logging.getLogger(__name__)


def folder_named(model: str) -> Path | None:
    """The folder that `--model` names, None where it may name a repository of the hub.

    Raises StartRefused where a folder is meant and none is there.
    """
    if not model:
        return None
    try:
        folder = Path(model).expanduser()
    except RuntimeError as error:
        raise StartRefused(f'There is no checkpoint folder "{model[:200]}": {error}') from error
    is_path = model.startswith((".", "/", "~")) or folder.is_absolute() or os.path.lexists(folder)
    if is_path:
        _check_is_folder(folder)
    return folder if is_path else None


def _check_is_folder(folder: Path) -> None:
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError as error:
        raise StartRefused(
            f'There is no checkpoint folder "{folder}". Name a folder that holds {CONFIG_FILE},'
            f" {WEIGHTS_FILE} and {TOKENIZER_FILE}, or start with --model demo."
        ) from error
    except (OSError, ValueError) as error:
        reason = why_unreadable(folder, error) if isinstance(error, OSError) else str(error)
        raise StartRefused(reason) from error
    if not is_folder:
        raise StartRefused(
            f"{folder} is no folder. Name the folder that holds {CONFIG_FILE}, {WEIGHTS_FILE} and"
            f" {TOKENIZER_FILE}."
        )


def check_folder(folder: Path) -> None:
    """Raise StartRefused for a folder that a glance shows to hold no checkpoint of moondream2."""
    _check_is_folder(folder)
    weights, tokenizer = folder / WEIGHTS_FILE, folder / TOKENIZER_FILE
    try:
        check_files(folder, weights)
        config = Config.from_file(folder / CONFIG_FILE)
        if not _takes_starmie(config):
            check_files(folder, weights, tokenizer)
        check_kind(weights, set(read_header(weights)))
    except (CheckpointRejected, ConfigRejected) as error:
        raise StartRefused(str(error)) from error
    if (folder / RECIPE_FILE).is_file():
        check_recipe(folder / RECIPE_FILE, str(folder))


def find_tokenizer(
    folder: Path, open_hub: "Callable[[], Hub]", on_progress: OnProgress
) -> Path | str:
    """The tokenizer of a checked folder: its own, or the published one where that is an older one.

    `hf download` brings the older one along. Raises StartRefused when the right one cannot be had.
    """
    # It takes half a second to import, and the demo model is not looked at.
    from moondream2.tokenizer import Tokenizer, TokenizerRejected

    config, own = Config.from_file(folder / CONFIG_FILE), folder / TOKENIZER_FILE
    fault = f"{folder} has no {TOKENIZER_FILE}."
    if own.is_file():
        try:
            tokenizer = Tokenizer.from_file(own)
        except TokenizerRejected as error:
            raise StartRefused(str(error)) from error
        try:
            tokenizer.check(config, own)
            return TOKENIZER_FILE
        except TokenizerRejected as error:
            fault = str(error)
            if not _takes_starmie(config):
                raise StartRefused(fault) from error
    try:
        found = open_hub().fetch_tokenizer(on_progress)
    except ModelFailed as error:
        raise StartRefused(
            f"{fault} {TOKENIZER_FILE} of {STARMIE.repo} fits: put it there. It could not be"
            f" fetched: {error.message}"
        ) from error
    log.warning(
        "%s The one of %s is used, which fits releases from %s on.", fault, STARMIE.repo, PUBLISHED
    )
    return found


def _takes_starmie(config: Config) -> bool:
    """Whether a config has the published ids, which are those of the published tokenizer."""
    return config.tokenizer == TokenizerConfig()
