"""A checkpoint's own program, read as text, tells for which tokenizer it was made."""

from pathlib import Path

import pytest

from checkpoints.recipe import MAX_RECIPE_BYTES as MAX
from checkpoints.recipe import check_recipe
from protocol.errors import StartRefused

NEWER = b'self.tokenizer = Tokenizer.from_pretrained("moondream/starmie-v1")'
OLDER = b'self.tokenizer = Tokenizer.from_pretrained("vikhyatk/moondream2", revision="2025-01-09")'


def recipe(folder: Path, text: bytes) -> Path:
    (folder / "moondream.py").write_bytes(text)
    return folder / "moondream.py"


@pytest.mark.parametrize("text", [NEWER, b"\xff\xfe" * 1000 + NEWER, b"raise SystemExit\n" + NEWER])
def test_recipe_that_names_the_new_tokenizer_passes_and_is_never_run(text: bytes, tmp_path: Path):
    check_recipe(recipe(tmp_path, text), "it")


@pytest.mark.parametrize("text", [OLDER, b"", b"moondream/starmie", bytes(MAX) + NEWER])
@pytest.mark.parametrize(
    ("repo", "remedy"),
    [
        ("vikhyatk/moondream2", "--revision 2025-06-21"),
        ("ann/moon", "--model moondream2"),
        (None, "--model moondream2"),
    ],
)
def test_recipe_of_older_weights_is_refused_with_the_remedy(
    text: bytes, repo: str | None, remedy: str, tmp_path: Path
):
    """Same names, same shapes, another tokenizer: they loaded, and the answers were garbage."""
    with pytest.raises(StartRefused) as refusal:
        check_recipe(recipe(tmp_path, text), "ann/moon at v2", repo)
    assert refusal.value.message.startswith("ann/moon at v2 is of an older kind: its moondream.py")
    assert refusal.value.message.endswith(f"Start with {remedy}.")
