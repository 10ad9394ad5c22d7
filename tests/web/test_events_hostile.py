"""Whatever a Socket.IO client sends, it gets its one response and stays connected."""

from itertools import islice
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.hostile import EVENTS, hostile_events
from tests.server import connect, over_the_wire, run_async

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from(["data:image/jpeg;base64,AAAA", "http://127.0.0.1/a.jpg", "short", "yes"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("image", "frame", "question", "object", "length", "settings", "choices", "reasoning"),
        *("spatial_refs", "live", "json_schema", "stop", "max_tokens"),
    ]
)
PAYLOADS = st.tuples(
    st.sampled_from(sorted(EVENTS)), st.booleans(), st.dictionaries(FIELDS, JUNK, max_size=4)
)


@settings(
    max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.lists(PAYLOADS, min_size=1, max_size=10))
def test_every_payload_gets_its_one_response(demo_server, payloads):
    async def ask_all() -> None:
        async with connect(demo_server) as anna:
            for name, begins_well, junk in payloads:
                good = EVENTS[name] if begins_well else {}
                payload = {**good, **junk, "id": uuid4().hex}
                await anna.emit(name, payload)
                response = await anna.response(payload["id"])
                assert response.get("error", {}).get("code") != "internal"
            assert anna.is_connected
            n_responses = sum(name == "response" for name, _ in anna.events)
            assert n_responses == len(payloads)

    run_async(ask_all)


@over_the_wire
async def test_hostile_events_leave_a_connection_that_answers(demo_server):
    async with connect(demo_server) as anna:
        for name, payload in islice(hostile_events(seed=3), 80):
            if isinstance(payload, dict):
                payload = {**payload, "id": uuid4().hex}
                await anna.emit(name, payload)
                assert (await anna.response(payload["id"])).get("error", {}).get(
                    "code"
                ) != "internal"
        assert (await anna.ask(**EVENTS["query"]))["finish_reason"] in ("stop", "length")
