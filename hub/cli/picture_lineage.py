"""Picture of a view's lineage as SVG: source columns, released columns, models, and who receives what comes of them."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import altair as alt

from hub.cli.picture import drawn
from hub.inspection.lineage import Thread

_SOURCE, _RELEASED, _MODEL, _RECIPIENT = range(4)
_HEADINGS: Final = ("read from", "released as", "learned by", "leaves to")
_USED, _UNUSED = "goes on", "not used by the last model"
_COLOURS: Final = {_USED: "#0b5cad", _UNUSED: "#a34700"}
"""Each at least 4.5 to 1 against white (WCAG 2.2, 1.4.3), and told apart by dashes too."""
_DASHES: Final = {_USED: (1, 0), _UNUSED: (4, 3)}
_ROW: Final = 16
_STAGE: Final = 240
_TEXT: Final = 11
"""Height of a name's row, way from one stage to the next, and size of letters: pixels, these three."""
_WORDS: Final = 0.62  # of the way to the next stage is left to a name, the rest to lines


class Name(NamedTuple):
    """What stands at one stage: a source column, a released one, a model's module or a recipient."""

    stage: int
    text: str


class Line(NamedTuple):
    """From one name to another, and whether a model made use of it."""

    left: Name
    right: Name
    use: str


def lineage_picture(threads: Sequence[Thread], view: str) -> str:
    """Draw where each released column comes from, who learns from it and who receives what comes of it."""
    lines = sorted({line for thread in threads for line in _lines(thread)})
    heights = _heights(list(dict.fromkeys(name for thread in threads for name in _names(thread))))
    tallest = max(heights.values())
    x = alt.X("stage:Q", axis=None, scale=alt.Scale(domain=[0, len(_HEADINGS)], nice=False))
    y = alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[tallest + 1, -1], nice=False))
    colours = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    dashes = alt.Scale(domain=list(_DASHES), range=[list(each) for each in _DASHES.values()])
    told = [{"stage": name.stage, "height": height, "text": name.text} for name, height in heights.items()]
    headings = [{"stage": stage, "height": -0.7, "text": text} for stage, text in enumerate(_HEADINGS)]
    ways = [_way(line, heights) for line in lines]
    drawn_lines = alt.Chart(alt.InlineData(values=ways)).mark_rule(opacity=0.6)
    drawn_lines = drawn_lines.encode(
        x=x,
        y=y,
        x2="stage_to:Q",
        y2="height_to:Q",
        color=alt.Color("use:N", title=None, scale=colours),
        strokeDash=alt.StrokeDash("use:N", title=None, scale=dashes),
    )
    names = alt.Chart(alt.InlineData(values=told)).mark_text(align="left", fontSize=_TEXT)
    above = alt.Chart(alt.InlineData(values=headings)).mark_text(align="left", fontSize=_TEXT, fontWeight="bold")
    layers = [drawn_lines, names.encode(x=x, y=y, text="text:N"), above.encode(x=x, y=y, text="text:N")]
    chart = alt.layer(*layers).properties(height=_ROW * (tallest + 2))
    return drawn(chart, f"From source columns to what leaves: {view}", width=_STAGE * len(_HEADINGS))


def _names(thread: Thread) -> Iterator[Name]:
    yield from (Name(_SOURCE, source) for source in thread.sources)
    yield Name(_RELEASED, thread.column)
    yield from (Name(_MODEL, module) for module in (*thread.used_by, *thread.unused_by))
    yield from (Name(_RECIPIENT, recipient) for recipient in thread.recipients)


def _lines(thread: Thread) -> Iterator[Line]:
    """Follow one released column: into it, to models, and on to recipients, past the models where none uses it."""
    column = Name(_RELEASED, thread.column)
    models = [Name(_MODEL, module) for module in thread.used_by]
    yield from (Line(Name(_SOURCE, source), column, _USED) for source in thread.sources)
    yield from (Line(column, model, _USED) for model in models)
    yield from (Line(column, Name(_MODEL, module), _UNUSED) for module in thread.unused_by)
    for recipient in thread.recipients:
        yield from (Line(each, Name(_RECIPIENT, recipient), _USED) for each in models or [column])


def _heights(names: Sequence[Name]) -> dict[Name, float]:
    """Place the names of each stage one below the other; a shorter stage is spread over the height of the longest."""
    stages = [[name for name in names if name.stage == stage] for stage in range(len(_HEADINGS))]
    tallest = max(map(len, stages))
    return {name: (place + 0.5) * tallest / len(stage) for stage in stages if stage for place, name in enumerate(stage)}


def _way(line: Line, heights: dict[Name, float]) -> dict[str, float | str]:
    """Say where a line begins, behind its name, and where it ends."""
    return {
        "stage": line.left.stage + _WORDS,
        "height": heights[line.left],
        "stage_to": line.right.stage - 0.02,
        "height_to": heights[line.right],
        "use": line.use,
    }
