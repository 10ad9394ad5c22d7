"""The bench as a picture: a panel for each measure, a pair of bars for each load."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Everything is laid out in pixels of half the size that is drawn, so that text stays sharp.
SCALE = 2
WIDTH, MARGIN, HEADER_HEIGHT = 960, 28, 64
PANEL_COLUMNS, PANEL_HEIGHT, PANEL_GAP = 3, 210, 28
TITLE_HEIGHT, LABEL_HEIGHT, VALUE_HEIGHT = 40, 22, 18
BAR_WIDTH, BAR_GAP, CORNER = 30, 3, 3
TITLE_SIZE, TEXT_SIZE = 15, 12

PAPER, INK, QUIET, RULE = "#ffffff", "#1d2330", "#5b6472", "#d5d9e0"
COLOURS = {"ours": "#1f6feb", "naive": "#b3bac5"}


@dataclass(frozen=True)
class Panel:
    """One measure; `name` is its row of the bench."""

    name: str
    title: str
    better: str


PANELS = (
    Panel("first_word_p50_ms", "first word, median, ms", "less is better"),
    Panel("first_word_p99_ms", "first word, p99, ms", "less is better"),
    Panel("answers_per_s", "answers / s", "more is better"),
    Panel("page_p99_ms", "GET /, p99, ms", "less is better"),
    Panel("hop_p99_ms", "token hop, p99, ms", "less is better"),
    Panel("wait_spread", "slowest wait / fastest", "1 is fair"),
)


def draw_chart(results: Sequence[dict], path: Path) -> None:
    """Write the results of `python -m bench`, as in its JSON, as a PNG."""
    n_lines = -(-len(PANELS) // PANEL_COLUMNS)
    height = HEADER_HEIGHT + n_lines * (PANEL_HEIGHT + PANEL_GAP) + MARGIN - PANEL_GAP
    image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
    brush = Brush(image)
    _draw_legend(brush)
    panel_width = (WIDTH - 2 * MARGIN - (PANEL_COLUMNS - 1) * PANEL_GAP) / PANEL_COLUMNS
    for index, panel in enumerate(PANELS):
        line, column = divmod(index, PANEL_COLUMNS)
        left = MARGIN + column * (panel_width + PANEL_GAP)
        top = HEADER_HEIGHT + line * (PANEL_HEIGHT + PANEL_GAP)
        _draw_panel(brush, panel, results, left, top, panel_width)
    image.save(path, optimize=True)


class Brush:
    """Draws on an image in unscaled pixels."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = TEXT_SIZE,
        fill: str = INK,
        anchor: str = "la",
    ) -> float:
        """Write text and return how wide it is."""
        font = ImageFont.load_default(size * SCALE)
        self._draw.text((x * SCALE, y * SCALE), text, fill=fill, font=font, anchor=anchor)
        return self._draw.textlength(text, font=font) / SCALE

    def bar(self, left: float, top: float, right: float, bottom: float, fill: str) -> None:
        box = [left * SCALE, top * SCALE, right * SCALE, bottom * SCALE]
        self._draw.rounded_rectangle(box, CORNER * SCALE, fill, corners=(True, True, False, False))

    def rule(self, left: float, right: float, y: float) -> None:
        line = [left * SCALE, y * SCALE, right * SCALE, y * SCALE]
        self._draw.line(line, fill=RULE, width=SCALE)


def _draw_legend(brush: Brush) -> None:
    title = "Clients asking at once, and how often about each frame"
    x = MARGIN + brush.text(MARGIN, MARGIN - 6, title, size=TITLE_SIZE) + PANEL_GAP
    for name, colour in COLOURS.items():
        brush.bar(x, MARGIN - 4, x + TEXT_SIZE, MARGIN - 4 + TEXT_SIZE, colour)
        x += TEXT_SIZE + 6
        x += brush.text(x, MARGIN - 5, name) + 18


def _draw_panel(
    brush: Brush, panel: Panel, results: Sequence[dict], left: float, top: float, width: float
) -> None:
    brush.text(left, top, panel.title)
    brush.text(left + width, top, panel.better, fill=QUIET, anchor="ra")
    base = top + PANEL_HEIGHT - LABEL_HEIGHT
    room = base - top - TITLE_HEIGHT
    values = [result[name][panel.name] for result in results for name in COLOURS]
    largest = max((value for value in values if value is not None), default=0) or 1
    for index, result in enumerate(results):
        middle = left + width * (index + 0.5) / len(results)
        edges = (middle - BAR_WIDTH - BAR_GAP / 2, middle + BAR_GAP / 2)
        for x, (name, colour) in zip(edges, COLOURS.items(), strict=True):
            value = result[name][panel.name]
            if value is None:
                continue
            height = max(1.0, room * value / largest)
            brush.bar(x, base - height, x + BAR_WIDTH, base, colour)
            y = base - height - VALUE_HEIGHT / 2
            brush.text(x + BAR_WIDTH / 2, y, short(value), anchor="mm")
        brush.text(
            middle,
            base + LABEL_HEIGHT / 2,
            _label(result["load"]),
            fill=QUIET,
            anchor="mm",
        )
    brush.rule(left, left + width, base)


def _label(load: dict) -> str:
    n_asks = load["questions_per_frame"]
    return str(load["n_clients"]) if n_asks == 1 else f"{load['n_clients']}, {n_asks} x"


def short(value: float) -> str:
    """A number as short as two digits of it allow."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
