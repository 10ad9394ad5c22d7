"""The check: facts of this computer, then the model in a process of its own, then one verdict."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from doctor.apart import FAULTS, NO_FAULT
from doctor.computer import tell_computer, tell_programs
from doctor.report import Report
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
# Windows' code for the same as SIGILL.
ILLEGAL_INSTRUCTIONS = (-getattr(signal, "SIGILL", 4), 0xC000001D)
KILLED = -getattr(signal, "SIGKILL", 9)


def check(settings: Settings) -> int:
    """Say whether everything needed is here and works; returns the exit code, 0 or 1."""
    report = Report()
    try:
        is_well = (_try_servers if settings.upstream else _try_computer)(settings, report)
        words = "everything needed is here and works" if is_well else "see FAULT above"
        report.tell("Result", words)
    except KeyboardInterrupt:
        report.go_on("", is_end=True)
        report.fault("Check", "It was stopped before its end.")
        return 1
    except BrokenPipeError:
        # Whoever read the lines has had enough; what is still to be written goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if is_well else 1


def _try_computer(settings: Settings, report: Report) -> bool:
    """Tell whether a model works here."""
    tell_computer(report)
    exit_code, said = _run_apart(settings)
    if exit_code not in (NO_FAULT, FAULTS):
        # Wherever in a line it broke off.
        report.go_on("", is_end=True)
        report.fault("Process", explain_exit(exit_code, said))
    return exit_code == NO_FAULT


def _try_servers(settings: Settings, report: Report) -> bool:
    """Tell whether the servers answer that do so instead: of this computer little is needed."""
    # Imports what speaks HTTP, for which nobody else should wait.
    from doctor.upstream import tell_upstream

    tell_programs(report)
    tell_upstream(settings, report)
    return not report.n_faults


def explain_exit(exit_code: int, said: str) -> str:
    """Say why the model's process broke off, from its exit code and what it said on stderr."""
    if exit_code in ILLEGAL_INSTRUCTIONS:
        return (
            "torch broke off: this build uses instructions that this processor does not have."
            " Install a build of torch that was made for it."
        )
    if exit_code == KILLED:
        return (
            "The system ended the model's process, as it does when memory runs out. Close other"
            " programs, or choose --dtype bfloat16 or --model demo."
        )
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "nothing")
    last = last.strip().rstrip(".")
    return (
        f"The model's process broke off with code {exit_code}; the last it said is: {last}."
        " Please report it with all these lines."
    )


def _run_apart(settings: Settings) -> tuple[int, str]:
    """Run the other part, which prints its own lines; returns its exit code and its stderr."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    process = subprocess.Popen(
        # Nothing of the folder it was started from is taken for a module.
        [sys.executable, "-P", "-m", "doctor.apart"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        _, said = process.communicate(json.dumps(asdict(settings)))
    finally:
        process.kill()
    return process.returncode, said
