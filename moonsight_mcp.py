"""Eyes for agents: an MCP server that looks through the camera a person shares on Moonsight's page.

`python -m moonsight_mcp`, started by an agent's program, speaks MCP over standard input and output
and asks a running Moonsight over HTTP. It sees nothing until the person turns on *Let programs
look*, and every look is shown there.
"""

import sys
from typing import Annotated, Any, Literal

import click
import httpx2

try:
    from mcp.server.mcpserver import Image, MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations
    from pydantic import BaseModel, Field
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is missing. Install what agents need:"
        f" {sys.executable} -m pip install -r requirements-agents.txt"
    )

DEFAULT_URL = "http://localhost:5000"

CONNECT_S = 5.0
# A slow computer takes minutes over a long answer.
ANSWER_S = 300.0

INSTRUCTIONS = """\
These tools look through the camera that a person shares from Moonsight's page in their browser. \
Each call looks anew, at what is before the camera at that moment, and each look is shown to the \
person as a card with your question. Nobody can look until the person turns on "Let programs look" \
on the page; when a tool says so, ask them to, and do not call again before they did. Places are \
fractions of the picture's width and height, from 0 to 1, with the origin at the top left."""

READS_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=False)

TRANSCRIBE = "Transcribe the text in natural reading order."

Fraction = Annotated[float, Field(ge=0, le=1)]
Named = Annotated[
    str, Field(description="What to look for, in one or a few words, such as: red mug")
]


class Answer(BaseModel):
    """What the model answers about the picture."""

    answer: str


class Caption(BaseModel):
    """What is in the picture."""

    caption: str


class Text(BaseModel):
    """The text in the picture, empty where there is none to be read."""

    text: str


class Box(BaseModel):
    """Around one object, in fractions of the picture's width and height."""

    x_min: Fraction
    y_min: Fraction
    x_max: Fraction
    y_max: Fraction


class Boxes(BaseModel):
    """Every object of that name that was found, and how many those are."""

    count: int
    objects: list[Box]


class Point(BaseModel):
    """On one object, in fractions of the picture's width and height."""

    x: Fraction
    y: Fraction


class Points(BaseModel):
    """A point on every object of that name that was found, and how many those are."""

    count: int
    points: list[Point]


class Eyes:
    """The tools: each looks anew, through the HTTP API of the Moonsight at `url`.

    token: which that one asks for, if any. They raise ToolError with what to do.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        # Whatever stands between this computer and others has no part in this.
        self._client = httpx2.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,
        )

    async def see(self) -> Image:
        """Take the picture that the person's shared camera shows at this moment, as a JPEG."""
        response = await self._call("GET", "/v1/frame")
        return Image(data=response.content, format="jpeg")

    async def ask(
        self, question: Annotated[str, Field(description="One question, at most 2,000 characters")]
    ) -> Answer:
        """Have a small vision model answer a question about what the camera sees at this moment.

        Best for short, concrete questions: what is there, what colour, how many, is the door open.
        """
        return Answer.model_validate(await self._ask("query", question=question))

    async def caption(self, length: Literal["short", "normal", "long"] = "normal") -> Caption:
        """Describe what the camera sees at this moment in a sentence or more."""
        return Caption.model_validate(await self._ask("caption", length=length))

    async def find(self, object: Named) -> Boxes:
        """Find every object of a name in what the camera sees at this moment: a box around each."""
        found = (await self._ask("detect", object=object))["objects"]
        return Boxes(count=len(found), objects=found)

    async def point(self, object: Named) -> Points:
        """Point at every object of a name in what the camera sees at this moment.

        Points are better than boxes for counting, and for small or touching objects.
        """
        found = (await self._ask("point", object=object))["points"]
        return Points(count=len(found), points=found)

    async def read(self) -> Text:
        """Read the text that the camera sees at this moment, word for word as far as it can."""
        return Text(text=(await self._ask("query", question=TRANSCRIBE))["answer"])

    async def _ask(self, skill: str, **asked: str) -> dict[str, Any]:
        return (await self._call("POST", f"/v1/{skill}", json={**asked, "camera": True})).json()

    async def _call(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        try:
            response = await self._client.request(method, path, **sent)
        except httpx2.ReadTimeout as error:
            raise ToolError(f"Moonsight at {self._url} did not answer in time.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ToolError(
                f"Nobody answers at {self._url}. Start Moonsight (python app.py), or name its"
                " address with --url."
            ) from error
        if response.is_error:
            raise ToolError(self._reason(response))
        return response

    def _reason(self, response: httpx2.Response) -> str:
        try:
            reason = str(response.json()["error"]["message"])
        except (ValueError, LookupError, TypeError):
            return f"What answers at {self._url} is no Moonsight: status {response.status_code}."
        # The person has to do something there.
        is_of_page = response.status_code == httpx2.codes.CONFLICT
        return f"{reason} The page is at {self._url}." if is_of_page else reason


def create_server(url: str, token: str = "") -> MCPServer:
    """The MCP server whose tools ask the Moonsight at `url`, which may ask for a token."""
    server = MCPServer("moonsight", title="Moonsight", instructions=INSTRUCTIONS, log_level="ERROR")
    eyes = Eyes(url, token)
    for title, tool in (
        ("See the picture", eyes.see),
        ("Ask about the picture", eyes.ask),
        ("Describe the picture", eyes.caption),
        ("Find objects", eyes.find),
        ("Point at objects", eyes.point),
        ("Read the text", eyes.read),
    ):
        server.add_tool(tool, title=title, annotations=READS_ONLY)
    return server


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url",
    default=DEFAULT_URL,
    show_default=True,
    envvar="MOONSIGHT_URL",
    help="Where Moonsight runs.",
)
@click.option("--token", default="", envvar="MOONSIGHT_TOKEN", help="Which it asks for, if any.")
def main(url: str, token: str) -> None:
    """Let an agent that speaks MCP look through the camera that you share from Moonsight's page."""
    create_server(url, token).run("stdio")


if __name__ == "__main__":
    main()
