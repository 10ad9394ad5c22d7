"""The page's test of the server that answers: told step by step, also where nobody is there."""

from tests.backends.upstream.chat_server import chat_server
from tests.protocol.pictures import encoded
from tests.server import Server, connect, free_port, over_the_wire, serve


@over_the_wire
async def test_each_step_is_told_as_it_ends_and_all_at_the_end():
    with chat_server("gemma") as chat, serve("--upstream", chat.url) as server:
        server.wait_until_ready()
        async with connect(server) as anna:
            response = await anna.ask("check")
            story = anna.story(response["id"])
    told = [each for name, each in story if name == "checked"]
    assert story[-1][0] == "response"
    assert [each["what"] for each in response["checks"]] == [each["what"] for each in told]
    assert told[0]["what"] == "reached"
    assert told[0].keys() == {"id", "what", "is_well", "words", "remedy"}


@over_the_wire
async def test_server_that_is_not_there_can_be_tested():
    """It is then that somebody wants to; it was refused like a question."""
    port = free_port()
    with serve("--upstream", f"http://127.0.0.1:{port}") as server:
        server.stderr.wait_for("No answer from")
        async with connect(server) as anna:
            response = await anna.ask("check")
            refused = await anna.ask(question="What is it?", image=encoded())
    assert "error" not in response
    assert response["checks"][0] == {
        "what": "reached",
        "is_well": False,
        "words": f"No answer from 127.0.0.1:{port}",
        "remedy": "Is it running?",
    }
    assert {each["words"] for each in response["checks"][1:]} == {"Not tried"}
    assert refused["error"]["code"] == "model_failed"


@over_the_wire
async def test_model_here_cannot_be_tested(demo_server: Server):
    async with connect(demo_server) as anna:
        response = await anna.ask("check")
    assert response["error"]["code"] == "unsupported"
