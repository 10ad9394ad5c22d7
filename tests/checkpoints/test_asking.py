"""What the hub is asked, with which token, and what it is when it says no."""

from pathlib import Path

import pytest

from checkpoints.hub import Hub
from checkpoints.names import HubCheckpoint
from protocol.errors import StartRefused
from tests.checkpoints.fake_hub import COMMIT, CONFIG, MOONDREAM2, FakeHub, Repository

CHECKPOINT = HubCheckpoint()
TOKENS = {"refused": "hf_refused", "curly": "hf_“abc”", "spaced": "hf_a b", "umlaut": "hf_ä"}


@pytest.fixture
def token(request: pytest.FixtureRequest, fake: FakeHub, monkeypatch: pytest.MonkeyPatch) -> str:
    """A token that cannot serve, of the kind that a test asks for."""
    monkeypatch.setenv("HF_TOKEN", TOKENS[request.param])
    fake.refused_tokens = (TOKENS["refused"],)
    return TOKENS[request.param]


@pytest.mark.parametrize("token", TOKENS, indirect=True)
def test_public_model_comes_without_a_token_that_cannot_serve_and_that_is_said(
    token: str, hub: Hub, fake: FakeHub, caplog: pytest.LogCaptureFixture
):
    """A token that had expired kept everybody from a model that needs none."""
    files = hub.download(hub.ask(CHECKPOINT), lambda progress: None)
    assert files.commit == COMMIT
    told = [line for line in caplog.messages if "token" in line and "HF_TOKEN" in line]
    assert [line.endswith("The hub is asked without it.") for line in told] == [True]
    assert token not in caplog.text
    fetched = {seen.token for seen in fake.requests if seen.method == "GET"}
    assert fetched == {None}


@pytest.mark.parametrize("token", ["refused"], indirect=True)
def test_private_model_is_told_with_the_token_that_was_tried(token: str, hub: Hub, fake: FakeHub):
    fake.repositories[MOONDREAM2].refusal = (401, "RepoNotFound")
    with pytest.raises(StartRefused, match=r"with the token in HF_TOKEN \(status 401\), nor witho"):
        hub.ask(CHECKPOINT)


@pytest.mark.parametrize("token", ["curly"], indirect=True)
def test_refusal_says_also_that_the_token_was_left_out(token: str, hub: Hub, fake: FakeHub):
    fake.repositories[MOONDREAM2].refusal = (404, "RepoNotFound")
    with pytest.raises(StartRefused, match=r"\(status 404\).* holds '“', which is in no token"):
        hub.ask(CHECKPOINT)


def test_token_that_the_hub_accepts_is_used_for_everything(
    hub: Hub, fake: FakeHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    hub.download(hub.ask(CHECKPOINT), lambda progress: None)
    assert {seen.token for seen in fake.requests if seen.host == "hub"} == {"Bearer hf_mine"}


def test_weights_in_several_files_are_told(hub: Hub, fake: FakeHub):
    files = {"config.json": CONFIG, "model.safetensors.index.json": b"{}"}
    fake.repositories["ann/moon"] = Repository(COMMIT, ("v2",), files)
    with pytest.raises(StartRefused, match=r"ann/moon holds its weights in several files"):
        hub.ask(HubCheckpoint("ann/moon", "v2"))


def test_hub_under_a_path_is_asked_there(fake: FakeHub, tmp_path: Path):
    fake.prefix = "/mirror/hf"
    mirror = Hub(f"{fake.url}/mirror/hf", tmp_path)
    assert mirror.download(mirror.ask(CHECKPOINT), lambda progress: None).commit == COMMIT


def test_what_says_404_of_everything_is_no_hub(fake: FakeHub, tmp_path: Path):
    fake.prefix = "/mirror/hf"
    with pytest.raises(StartRefused, match=rf"answers at {fake.url} is not the Hugging Face hub"):
        Hub(fake.url, tmp_path).ask(CHECKPOINT)
