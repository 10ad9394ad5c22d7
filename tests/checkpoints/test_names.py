"""Names and addresses that cannot be are refused before anybody is asked."""

import pytest

from checkpoints.names import HubCheckpoint, check_endpoint, check_variables
from protocol.errors import StartRefused

MOONDREAM2, PUBLISHED, COMMIT = "vikhyatk/moondream2", "2025-06-21", "c0ffee" + "0" * 34


@pytest.mark.parametrize(
    ("repo", "revision"),
    [
        ("../x", PUBLISHED),
        ("..", PUBLISHED),
        ("a/../b", PUBLISHED),
        ("a/b/c", PUBLISHED),
        ("/etc/passwd", PUBLISHED),
        ("a\\b", PUBLISHED),
        ("C:\\models/moon", PUBLISHED),
        ("moondream3", PUBLISHED),
        ("ann/moon--dream", PUBLISHED),
        ("ann/moon\n", PUBLISHED),
        ("ann/mo%2e", PUBLISHED),
        ("ann/moon.", PUBLISHED),
        ("ann/moon-", PUBLISHED),
        ("ann/moon.git", PUBLISHED),
        ("ann/m\u00f6\u00f6n", PUBLISHED),
        ("ann/", PUBLISHED),
        ("", PUBLISHED),
        ("ann/" + "x" * 97, PUBLISHED),
        (MOONDREAM2, "../../../x"),
        (MOONDREAM2, ".."),
        (MOONDREAM2, "/main"),
        (MOONDREAM2, "a//b"),
        (MOONDREAM2, "a\\b"),
        (MOONDREAM2, "main?x=1"),
        (MOONDREAM2, ""),
        (MOONDREAM2, "x" * 1000),
        (MOONDREAM2, "a/b/c/d"),
    ],
)
def test_names_that_no_hub_has_are_refused(repo: str, revision: str):
    with pytest.raises(StartRefused) as refusal:
        HubCheckpoint(repo, revision)
    assert len(refusal.value.message) < 300


@pytest.mark.parametrize("revision", ["main", "refs/pr/3", COMMIT, "v1.0_final-2"])
def test_names_that_hubs_have_are_taken(revision: str):
    assert HubCheckpoint("ann.b/moon-dream_2.5", revision).revision == revision


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "huggingface.co",
        "localhost:8080",
        "ftp://files",
        "http://",
        "http://[bad",
        "https:/x",
        "http://localhost:99999",
        "http://localhost:0",
        "http://localhost:port",
        "//huggingface.co",
    ],
)
def test_address_of_no_hub_is_refused(endpoint: str):
    with pytest.raises(StartRefused, match=r"HF_ENDPOINT is .* Correct or unset it"):
        check_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        None,
        "https://huggingface.co",
        "http://localhost:8080/mirror/hf",
        "HTTPS://hub.example/",
        "http://[::1]:8080",
        "https://ann:secret@hub.example",
    ],
)
def test_address_of_a_hub_is_taken(endpoint: str | None):
    check_endpoint(endpoint)


@pytest.mark.parametrize("name", ["HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"])
@pytest.mark.parametrize(("value", "is_taken"), [("30", True), ("", False), ("1.5", False)])
def test_timeout_that_is_no_number_is_refused(
    name: str, value: str, is_taken: bool, monkeypatch: pytest.MonkeyPatch
):
    """huggingface_hub cannot be imported then, which ended the program with a traceback."""
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setenv(name, value)
    if is_taken:
        check_variables()
        return
    with pytest.raises(StartRefused, match=name):
        check_variables()
