"""Moonsight's real web tier before a model that obeys the test, one command a line on its input.

    line POSITION EXPECTED_MS    the request stands in line
    begin                        the model looks at the frame
    think ["TEXT", [0, 4, [X, Y]]]  what it thought, and of which points its characters speak
    say "TEXT"                   the next words (JSON)
    find [NUMBERS]               one more object: a box of four numbers or a point of two (JSON)
    choose [ANSWER, NUMBERS]     the likeliest choice, the probabilities of all (JSON)
    check [IS_WELL, WORDS, REMEDY]  one more step of a test (JSON)
    spend FED WRITTEN            what the answer takes in tokens
    end REASON                   the answer is over: stop, length
    fail CODE SENTENCE           the request fails
    later SECONDS SENTENCE       it fails, and says when to try again
    looks FATE                   what becomes of looks from now on: seen, kept waiting, refused
    asked                        the page's settings of the open request, as its answer
    status {FIELDS}              the model's status changes (JSON)
    forget                       open requests and commands of another test are dropped

A command about a request waits until there is one, and is about the oldest that is open.
A host before the port: the pages say that pictures go there.
"""

import json
import sys
from collections import deque
from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread

from flask import Flask

from protocol.answer import Finished, FinishReason, Sink, Started, Timings, Usage
from protocol.answer import Waiting as InLine
from protocol.errors import RequestError, UpstreamFailed
from protocol.frame import FrameLimits
from protocol.model import OnStatus
from protocol.pieces import Checked, Chosen, Found, Piece, Reasoned, TextDelta
from protocol.places import Box, Grounding, Point
from protocol.request import LookRequest, LookResult, Request
from protocol.status import LoadStage, ModelState, Progress, Status
from protocol.upstream import Abilities, Upstream
from web.events import add_events
from web.loop.calls import Bridge
from web.loop.server import Server, listen
from web.metrics import Metrics
from web.origins import Origins
from web.page import add_pages
from web.programs import add_programs

ROOT = Path(__file__).resolve().parents[2]
LIMITS = FrameLimits(max_bytes=2**20, max_pixels=2**24)
TIMINGS = Timings(queue_ms=100, encode_ms=600, first_token_ms=900, total_ms=2000)


class Told(RequestError):
    """A failure with the code and the sentence of the test."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class PacedModel:
    """Keeps the contract of `protocol/model.py`; everything happens on the loop."""

    failure = None

    def __init__(self) -> None:
        self.status = Status(ModelState.READY, "moondream2", "cuda")
        self._watchers: list[OnStatus] = []
        self._open: dict[str, tuple[Request, Sink]] = {}
        self._pieces: dict[str, list[Piece]] = {}
        self._commands: deque[str] = deque()
        self._fate_of_looks = "seen"
        self._usage = Usage()

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        if isinstance(request, LookRequest):
            self._look(request, sink)
            return
        self._open[request.id] = (request, sink)
        self._pieces[request.id] = []
        if self.status.state is ModelState.LOADING:
            sink(InLine(request.id, len(self._open), None))
        self._work()

    def cancel(self, client: str, id: str | None = None) -> None:
        for request, _ in list(self._open.values()):
            if request.client == client and id in (None, request.id):
                self._end(request.id, FinishReason.CANCELLED)

    def obey(self, line: str) -> None:
        if line == "forget":
            self._open.clear()
            self._commands.clear()
            self._fate_of_looks = "seen"
            self._usage = Usage()
        elif line.startswith("looks "):
            self._fate_of_looks = line.removeprefix("looks ")
        elif line.startswith("status "):
            self._become(json.loads(line.removeprefix("status ")))
        else:
            self._commands.append(line)
            self._work()

    def _look(self, request: Request, sink: Sink) -> None:
        ends = {"seen": FinishReason.STOP, "refused": FinishReason.ERROR}
        if self._fate_of_looks in ends:
            reason = ends[self._fate_of_looks]
            error = Told("busy", "Not now.") if reason is FinishReason.ERROR else None
            id, frame_id = request.id, request.frame_id
            sink(Finished(id, reason, LookResult(), TIMINGS, Usage(), error, frame_id))

    def _become(self, fields: dict) -> None:
        progress = fields.pop("progress", None)
        if progress:
            progress = Progress(LoadStage(progress.pop("stage")), **progress)
        state, upstream = ModelState(fields.pop("state")), fields.pop("upstream", None)
        if upstream:
            told = [
                each | {"missing": tuple(each.get("missing", ()))}
                for each in upstream.pop("abilities", ())
            ]
            upstream = Upstream(**upstream, abilities=tuple(Abilities(**each) for each in told))
        self.status = Status(state, progress=progress, upstream=upstream, **fields)
        for on_status in self._watchers:
            on_status(self.status)

    def _work(self) -> None:
        while self._commands and self._open:
            name, _, rest = self._commands.popleft().partition(" ")
            getattr(self, f"_do_{name}")(next(iter(self._open)), rest)

    def _add(self, id: str, piece: Piece) -> None:
        self._pieces[id].append(piece)
        self._open[id][1](piece)

    def _do_line(self, id: str, rest: str) -> None:
        position, expected_ms = rest.split()
        self._open[id][1](InLine(id, int(position), float(expected_ms)))

    def _do_begin(self, id: str, rest: str) -> None:
        request, sink = self._open[id]
        sink(Started(id, request.frame_id, TIMINGS.queue_ms))

    def _do_think(self, id: str, rest: str) -> None:
        text, *spans = json.loads(rest)
        grounding = tuple(Grounding(start, end, (tuple(point),)) for start, end, point in spans)
        self._open[id][1](Reasoned(id, text, grounding))

    def _do_say(self, id: str, rest: str) -> None:
        self._add(id, TextDelta(id, json.loads(rest)))

    def _do_find(self, id: str, rest: str) -> None:
        numbers = json.loads(rest)
        place = Box(*numbers) if len(numbers) == 4 else Point(*numbers)
        self._add(id, Found(id, place))

    def _do_choose(self, id: str, rest: str) -> None:
        answer, probabilities = json.loads(rest)
        self._add(id, Chosen(id, answer, tuple(probabilities)))

    def _do_check(self, id: str, rest: str) -> None:
        is_well, words, remedy = json.loads(rest)
        self._add(id, Checked(id, "step", is_well, words, remedy))

    def _do_spend(self, id: str, rest: str) -> None:
        self._usage = Usage(*map(int, rest.split()))

    def _do_asked(self, id: str, rest: str) -> None:
        request, _ = self._open[id]
        told = {"upstream": asdict(request.upstream), "sampling": asdict(request.sampling)}
        self._add(id, TextDelta(id, json.dumps(told)))

    def _do_end(self, id: str, rest: str) -> None:
        self._end(id, FinishReason(rest))

    def _do_fail(self, id: str, rest: str) -> None:
        code, sentence = rest.split(" ", 1)
        self._end(id, FinishReason.ERROR, Told(code, sentence))

    def _do_later(self, id: str, rest: str) -> None:
        seconds, sentence = rest.split(" ", 1)
        self._end(id, FinishReason.ERROR, UpstreamFailed(sentence, float(seconds)))

    def _end(self, id: str, reason: FinishReason, error: RequestError | None = None) -> None:
        request, sink = self._open.pop(id)
        pieces = self._pieces[id]
        # As with the real model: where nothing came, there was no first word.
        timings = TIMINGS if pieces else replace(TIMINGS, first_token_ms=None)
        sink(Finished(id, reason, request.result(pieces), timings, self._usage, error))


def main(port: int, host: str = "") -> None:
    bridge, model = Bridge(), PacedModel()
    app = Flask("moonsight", root_path=str(ROOT))
    upstream = Upstream((host,), is_here=host.startswith("localhost")) if host else None
    add_pages(app, model, LIMITS, goes_to=upstream)
    origins = Origins([f"http://localhost:{port}"])
    metrics = Metrics(model)
    sharing = add_events(app, model, bridge, LIMITS, origins, metrics.submit).sharing
    add_programs(app, model, bridge, LIMITS, origins, metrics, sharing)
    Thread(target=take_commands, args=(bridge, model), daemon=True).start()
    Server(bridge).serve(app, listen("127.0.0.1", port))


def take_commands(bridge: Bridge, model: PacedModel) -> None:
    for line in sys.stdin:
        bridge.call(model.obey, line.rstrip("\n"))


if __name__ == "__main__":
    main(int(sys.argv[-1]), *sys.argv[1:-1])
