"""`--check` says whether everything is here and works: lines, remedies, and an exit code."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.check import explain_exit
from tests.checkpoint_folders import copy_reference
from tests.checkpoints.fake_hub import COMMIT, MOONDREAM2, PUBLISHED, Repository, serve_hub
from tests.doctor.running import Check, run_check
from tests.fake_smi import FakeSmi
from tests.server import ROOT, clean_environment

TOPICS = ("Python", "Packages", "Processor", "GPU", "torch", "Memory", "Cache", "Model")
ANSWERS = ("Asked", "Speed", "Described", "Found", "Result")
no_card = pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a card here")


@pytest.fixture(scope="module")
def demo_check() -> Check:
    return run_check("--model", "demo", "--device", "cpu")


def test_check_of_the_demo_model_passes_and_tells_everything(demo_check: Check):
    assert (demo_check.code, demo_check.faults, demo_check.err) == (0, [], "")
    # On a busy machine the model's progress takes several lines.
    topics = dict.fromkeys(line.split()[0] for line in demo_check.out.splitlines())
    assert list(topics) == [*TOPICS, *ANSWERS]
    assert demo_check.out.count("(right)") == 3


def test_check_tells_how_fast_the_answer_came(demo_check: Check):
    assert re.search(r"first word after \d+\.\d\d s, then \d+\.\d words a second", demo_check.out)


def test_check_names_no_home_folder(tmp_path: Path):
    """What is pasted into a report should not say who somebody is."""
    home = tmp_path / "ann"
    folder = copy_reference(home / "models" / "mine")
    (folder / "tokenizer.json").unlink()
    check = run_check("--model", str(folder), HOME=str(home))
    assert check.code == 1
    assert str(home) not in check.out
    assert "~/models/mine" in check.faults[0]


@no_card
def test_check_finds_a_card_that_torch_cannot_use_and_goes_on_with_the_cpu(tmp_path: Path):
    smi = FakeSmi().write(tmp_path)
    check = run_check("--model", "demo", CUDA_VISIBLE_DEVICES="", **smi)
    assert check.code == 1
    assert "NVIDIA GeForce RTX 3090, 24.1 of 25.8 GB free, compute capability 8.6" in check.out
    assert len(check.faults) == 1
    assert "The NVIDIA GeForce RTX 3090 is not used: " in check.faults[0]
    assert "demo on the cpu" in check.out
    assert check.out.count("(right)") == 3


@no_card
def test_card_is_no_fault_where_the_cpu_was_chosen(tmp_path: Path):
    check = run_check("--model", "demo", "--device", "cpu", **FakeSmi().write(tmp_path))
    assert (check.code, check.faults) == (0, [])


@no_card
def test_card_that_was_asked_for_is_refused_with_its_own_reason(tmp_path: Path):
    smi = FakeSmi().write(tmp_path)
    check = run_check("--model", "demo", "--device", "cuda", CUDA_VISIBLE_DEVICES="", **smi)
    assert check.code == 1
    assert len(check.faults) == 1
    assert "RTX 3090 is not used: " in check.faults[0]
    assert "--device cpu" in check.faults[0]


@no_card
def test_programs_that_hold_a_cards_memory_are_named(tmp_path: Path):
    uuid = FakeSmi().cards.partition(",")[0]
    smi = FakeSmi(holders=f"{uuid}, 4242, 6210, /home/ann/blender\n")
    check = run_check("--model", "demo", "--device", "cpu", **smi.write(tmp_path))
    assert "its memory is held by blender 6.5 GB" in check.out
    assert "ann" not in check.out


def test_answers_that_are_nonsense_are_told_so(checkpoint: Path):
    check = run_check("--model", str(checkpoint), "--device", "cpu")
    assert check.code == 1
    assert "(right)" not in check.out
    assert len(check.faults) == 1
    assert "3 of 3 are wrong" in check.faults[0]
    assert "--model demo" in check.faults[0]


def damage(folder: Path, how: str) -> Path:
    weights = copy_reference(folder) / "model.safetensors"
    if how == "cut short":
        os.truncate(weights, weights.stat().st_size // 2)
    else:
        (folder / "config.json").write_text("{")
    return folder


@pytest.mark.parametrize("how", ["cut short", "no config"])
def test_damaged_checkpoint_is_one_fault_with_its_file(tmp_path: Path, how: str):
    check = run_check("--model", str(damage(tmp_path / "mine", how)), "--device", "cpu")
    assert (check.code, len(check.faults)) == (1, 1)
    assert re.match(r"FAULT +Model +.*(model\.safetensors|config\.json)", check.faults[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "/no/such/folder"), "no checkpoint folder"),
        (("--model", "a/b/c"), "neither a folder nor a repository"),
        (("--model", "demo", "--device", "mps"), "no mps device"),
    ],
)
def test_what_cannot_be_is_one_fault_with_a_remedy(options: tuple[str, ...], words: str):
    check = run_check(*options)
    assert (check.code, len(check.faults)) == (1, 1)
    assert words in check.faults[0]


def test_option_that_nobody_knows_is_refused_as_ever():
    check = run_check("--device", "toaster")
    assert check.code == 2
    assert "toaster" in check.err


def test_folder_is_found_from_where_the_check_was_started(checkpoint: Path):
    (checkpoint.parent / "model.py").write_text("raise SystemExit('taken for a module')")
    check = run_check("--model", f"./{checkpoint.name}", "--device", "cpu", cwd=checkpoint.parent)
    assert "3 of 3 are wrong" in check.faults[0]


def hub_environment(url: str, home: Path) -> dict[str, str]:
    return {"HF_HOME": str(home), "HF_ENDPOINT": url, "HF_HUB_DISABLE_TELEMETRY": "1"}


def test_demo_model_in_place_of_moondream2_is_a_fault_with_the_reason(tmp_path: Path):
    with serve_hub() as hub:
        hub.repositories = {}
        check = run_check("--device", "cpu", **hub_environment(hub.url, tmp_path))
    assert (check.code, len(check.faults)) == (1, 1)
    assert "moondream2 cannot answer yet" in check.faults[0]
    assert check.out.count("(right)") == 3


def test_cache_that_cannot_be_written_is_told_with_the_remedy(tmp_path: Path):
    folder = copy_reference(tmp_path / "published")
    files = {each.name: each.read_bytes() for each in folder.iterdir()}
    (tmp_path / "file").touch()
    with serve_hub() as hub:
        hub.repositories = {MOONDREAM2: Repository(COMMIT, (PUBLISHED,), files)}
        hub.repositories |= {"moondream/starmie-v1": Repository(COMMIT, ("main",), files)}
        where = hub_environment(hub.url, tmp_path / "home")
        where["HF_HUB_CACHE"] = str(tmp_path / "file" / "cache")
        check = run_check("--model", "moondream2", "--device", "cpu", **where)
    assert (check.code, len(check.faults)) == (1, 1)
    assert "it is a file. Set HF_HUB_CACHE to a folder" in check.faults[0]


def broken_torch(folder: Path, code: str) -> dict[str, str]:
    """A torch that does this when it is imported."""
    (folder / "torch.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


def test_torch_that_cannot_be_loaded_is_told_with_the_remedy(tmp_path: Path):
    broken = broken_torch(tmp_path, 'raise ImportError("libcudart.so.13: cannot open it")')
    check = run_check("--model", "demo", **broken)
    assert (check.code, len(check.faults)) == (1, 1)
    assert "torch cannot be loaded: libcudart.so.13" in check.faults[0]
    assert "-m pip install --force-reinstall -r requirements.txt" in check.faults[0]


def test_torch_that_breaks_off_does_not_take_the_check_along(tmp_path: Path):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)"
    check = run_check("--model", "demo", **broken_torch(tmp_path, code))
    assert (check.code, len(check.faults)) == (1, 1)
    assert "instructions that this processor does not have" in check.faults[0]


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (0xC000001D, "", "instructions that this processor does not have"),
        (-signal.SIGKILL, "", "when memory runs out"),
        (1, "Traceback:\nRuntimeError: odd\n\n", "the last it said is: RuntimeError: odd."),
        (-signal.SIGSEGV, "", "broke off with code -11; the last it said is: nothing."),
    ],
)
def test_end_of_the_models_process_is_explained(code: int, said: str, words: str):
    assert words in explain_exit(code, said)


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """Shells let what they start in the background ignore Ctrl-C, and so would all that follows."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_check_that_is_stopped_says_so(tmp_path: Path, heeded_ctrl_c: None):
    code = "import time\nprint('here', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--check", "--model", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment() | broken_torch(tmp_path, code),
        start_new_session=True,
    )
    assert process.stdout is not None
    while "here" not in process.stdout.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "It was stopped before its end." in out
    assert err == ""


def test_reader_that_has_had_enough_ends_the_check_in_silence():
    command = f"{shlex.quote(sys.executable)} app.py --check --model demo | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=clean_environment(), capture_output=True, text=True
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
