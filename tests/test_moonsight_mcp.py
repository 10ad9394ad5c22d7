"""An agent's own client starts the MCP server, which asks a real Moonsight for a shared camera."""

import subprocess
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import jsonschema
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ImageContent
from PIL import Image

from tests.server import ROOT, Server, clean_environment, free_port, over_the_wire, serve
from tests.web.test_sharing import sharing_page

SCENES = ROOT / "static" / "scenes"
# A picture as a page sends it.
_SCENE = BytesIO()
Image.open(SCENES / "red-circle-blue-square.png").convert("RGB").save(_SCENE, "JPEG", quality=95)
SCENE = _SCENE.getvalue()

CALLS = {
    "see": {},
    "ask": {"question": "What is it?"},
    "caption": {},
    "find": {"object": "circle"},
    "point": {"object": "circle"},
    "read": {},
}


@pytest.fixture(scope="module")
def demo():
    """A ready server whose model knows coloured shapes."""
    with serve("--model", "demo") as server:
        yield server.wait_until_ready()


@asynccontextmanager
async def agent(url: str, *, by_environment: bool = False, **more: str) -> AsyncIterator[Client]:
    """An agent's client and the MCP server that it started."""
    options = [] if by_environment else ["--url", url]
    environment = clean_environment() | ({"MOONSIGHT_URL": url} if by_environment else {}) | more
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "moonsight_mcp", *options],
        cwd=ROOT,
        env=environment,
    )
    async with Client(stdio_client(started)) as client:
        yield client


def words_of(result: CallToolResult) -> str:
    return " ".join(each.text for each in result.content if each.type == "text")


async def look(demo: Server, tool: str, **arguments: str) -> CallToolResult:
    """Call a tool while a page shares a picture of a red circle and a blue square."""
    async with sharing_page(demo, image=SCENE), agent(demo.url) as client:
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, words_of(result)
        return result


@over_the_wire
async def test_agent_sees_the_frame_that_the_page_shares(demo):
    (image,) = (await look(demo, "see")).content
    assert isinstance(image, ImageContent)
    assert (image.mime_type, b64decode(image.data)) == ("image/jpeg", SCENE)


@over_the_wire
async def test_agent_gets_an_answer_to_its_question(demo):
    result = await look(demo, "ask", question="What colour is the circle?")
    assert result.structured_content == {"answer": "The circle is red."}


@over_the_wire
async def test_agent_gets_a_description(demo):
    result = await look(demo, "caption", length="short")
    assert "circle" in result.structured_content["caption"]


@over_the_wire
async def test_agent_finds_boxes_in_fractions_of_the_picture(demo):
    found = (await look(demo, "find", object="circle")).structured_content
    assert found["count"] == 1
    (box,) = found["objects"]
    assert 0 <= box["x_min"] < box["x_max"] < 0.5
    assert 0 <= box["y_min"] < box["y_max"] <= 1


@over_the_wire
async def test_agent_gets_a_point_on_each_object(demo):
    pointed = (await look(demo, "point", object="square")).structured_content
    assert pointed["count"] == len(pointed["points"]) == 1
    assert 0.5 < pointed["points"][0]["x"] < 1


@over_the_wire
async def test_agent_reads_text_by_asking_for_it_word_for_word(demo):
    async with sharing_page(demo, image=SCENE) as page, agent(demo.url) as client:
        result = await client.call_tool("read", {})
        asked = await page.wait_for("program")
    assert isinstance(result.structured_content["text"], str)
    assert "Transcribe" in asked["question"]


@over_the_wire
async def test_person_hears_each_question_of_an_agent_and_its_answer(demo):
    async with sharing_page(demo, image=SCENE) as page, agent(demo.url) as client:
        await client.call_tool("ask", {"question": "What colour is the circle?"})
        asked = await page.wait_for("program", question="What colour is the circle?")
        answered = await page.response(asked["id"])
    assert answered["answer"] == "The circle is red."


@over_the_wire
async def test_agent_is_told_what_to_ask_the_person_for_while_nobody_shares(demo):
    async with agent(demo.url) as client:
        for tool, arguments in CALLS.items():
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert "turn on Let programs look" in words_of(result)
            assert demo.url in words_of(result)


@over_the_wire
async def test_agent_is_told_that_moonsight_does_not_run():
    url = f"http://127.0.0.1:{free_port()}"
    async with agent(url) as client:
        result = await client.call_tool("see", {})
    assert result.is_error
    assert f"Nobody answers at {url}. Start Moonsight" in words_of(result)


@over_the_wire
async def test_agent_gets_the_servers_own_sentence(demo):
    async with agent(demo.url, by_environment=True) as client:
        result = await client.call_tool("ask", {"question": "a" * 2001})
    assert result.is_error
    assert "at most 2,000" in words_of(result)


@over_the_wire
async def test_every_tool_says_what_it_takes_and_returns(demo):
    async with sharing_page(demo, image=SCENE), agent(demo.url) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == CALLS.keys()
        for name, arguments in CALLS.items():
            tool = tools[name]
            assert "at this moment" in tool.description
            assert tool.annotations.read_only_hint
            jsonschema.validate(arguments, tool.input_schema)
            result = await client.call_tool(name, arguments)
            if name != "see":
                jsonschema.validate(result.structured_content, tool.output_schema)


def test_what_is_missing_is_one_sentence(tmp_path: Path):
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(name='mcp')")
    run = subprocess.run(
        [sys.executable, "-m", "moonsight_mcp"],
        cwd=ROOT,
        env=clean_environment() | {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("mcp is missing. Install what agents need:")
    assert run.stderr.count("\n") == 1


@pytest.fixture
def locked(checkpoint) -> Iterator[Server]:
    with serve("--model", str(checkpoint), MOONSIGHT_TOKEN="open-sesame") as server:
        yield server.wait_until_ready()


@pytest.mark.parametrize(
    ("token", "words"), [("open-sesame", "No page shares"), ("another-one", "asks for its token")]
)
@over_the_wire
async def test_agent_brings_the_token_that_moonsight_asks_for(
    locked: Server, token: str, words: str
):
    async with agent(locked.url, MOONSIGHT_TOKEN=token) as client:
        assert words in words_of(await client.call_tool("caption", {}))
