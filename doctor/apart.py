"""The part of a check that could break off: torch, the model, its answers. `python -m doctor.apart`

Reads settings as JSON, prints lines, and ends with NO_FAULT or FAULTS; whatever else it ends with,
it broke off, and what it says on stderr is the last that is known.
"""

import json
import logging
import os
import sys
from threading import Event, Lock
from time import monotonic

from doctor.exam import examine
from doctor.report import Report
from model import Model, load_model
from moondream2.gpu_faults import tell_broken
from protocol.errors import RequestError
from protocol.status import ModelState, Status
from settings import Settings

NO_FAULT, FAULTS = 0, 3
PROGRESS_INTERVAL_S = 5.0

# What is asked next where the answers are wrong, by model and device.
WRONG_CHECKPOINT = (
    "Run the check with --model demo: if that passes, this checkpoint is at fault (weights,"
    " tokenizer and templates must be of one revision); if not, this device is."
)
WRONG_DEVICE = (
    "Run the check with --device cpu: if that passes, the driver or this build of torch computes"
    " wrongly here."
)
WRONG_DEMO = "Fetch Moonsight's folder demo/checkpoint anew, and install torch again."


class Narrator:
    """Says how far a model is, now and then, and what it fell back to. From any thread."""

    def __init__(self, report: Report) -> None:
        self._report, self._lock = report, Lock()
        self._began = self._told_at = monotonic()
        self._told: set[str] = set()
        self.has_ended = Event()

    def on_status(self, status: Status) -> None:
        """Hear a change of the model's status."""
        with self._lock:
            self._tell(status)

    def _tell(self, status: Status) -> None:
        if status.gpu_fault:
            self._fault("GPU", status.gpu_fault)
        if status.notice:
            self._fault("Model", f"{status.notice} The demo model is asked instead.")
        if status.state is not ModelState.LOADING:
            if status.state is ModelState.READY and not self.has_ended.is_set():
                self._report.tell("Model", _describe(status, monotonic() - self._began))
            self.has_ended.set()
        elif monotonic() - self._told_at > PROGRESS_INTERVAL_S and status.progress:
            self._told_at = monotonic()
            done, total = status.progress.done, status.progress.total
            share = f", {100 * done // total}%" if total else ""
            self._report.tell("Model", f"{status.model}: {status.progress.stage}{share}")

    def _fault(self, topic: str, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._report.fault(topic, words)


class LogLines(logging.Handler):
    """What is logged becomes a line; of a traceback only the error itself."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        because = f": {type(error).__name__}: {error}" if error else ""
        self._report.tell("Log", record.getMessage() + because)


def run(settings: Settings, report: Report) -> None:
    """Load the model and ask it, telling everything to `report`."""
    if not _tell_torch(report):
        return
    _tell_cache(report)
    try:
        with load_model(settings) as model:
            _examine(model, report)
    except RequestError as error:
        report.fault("Model", error.message)


def _examine(model: Model, report: Report) -> None:
    narrator = Narrator(report)
    model.watch(narrator.on_status)
    # It may have ended before anybody listened.
    narrator.on_status(model.status)
    narrator.has_ended.wait()
    if model.failure is not None:
        raise model.failure
    if n_wrong := examine(model, report):
        report.fault("Answers", f"{n_wrong} of 3 are wrong. {remedy(model.status)}")


def remedy(status: Status) -> str:
    """Say what tells, where answers are wrong, whether checkpoint or device is at fault."""
    if not status.is_demo:
        return WRONG_CHECKPOINT
    return WRONG_DEMO if status.device == "cpu" else WRONG_DEVICE


def _describe(status: Status, took_s: float) -> str:
    revision = f", revision {status.revision}" if status.revision else ""
    memory = f", {status.memory_bytes / 1e9:.1f} GB in use" if status.memory_bytes else ""
    return (
        f"{status.model}{revision} on the {status.device} in {status.dtype}, ready after"
        f" {took_s:.1f} s{memory}, answers {status.max_running} side by side"
    )


def _tell_torch(report: Report) -> bool:
    """Tell what torch is; says whether it can be used at all."""
    try:
        from moondream2.device import describe_memory, describe_torch
    except (ImportError, OSError) as error:
        report.fault("torch", tell_broken(error))
        return False
    report.tell("torch", describe_torch())
    report.tell("Memory", describe_memory())
    return True


def _tell_cache(report: Report) -> None:
    from checkpoints.cache import free_bytes
    from checkpoints.hub import Hub

    cache = Hub().cache
    there = next(each for each in (cache, *cache.parents) if each.exists())
    writable = "" if os.access(there, os.W_OK) else ", and cannot be written"
    report.tell("Cache", f"{cache}, {free_bytes(cache) / 1e9:.1f} GB free{writable}")


def main() -> None:
    """Run what was asked for on stdin."""
    report = Report()
    logging.basicConfig(level=logging.WARNING, handlers=[LogLines(report)])
    run(Settings(**json.load(sys.stdin)), report)
    sys.stdout.flush()
    # An ordinary exit would wait for torch.
    os._exit(FAULTS if report.n_faults else NO_FAULT)


if __name__ == "__main__":
    main()
