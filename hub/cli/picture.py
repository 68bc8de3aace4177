"""Pictures of matching as SVG: qualities by threshold, and the waterfall of a pair. Numbers and our own words only.

Altair describes them and vl-convert draws them here, with nothing fetched: the same figures give the same bytes. Both
come with the extra `plots`, so whoever wants a picture imports this late.
"""

import json
from collections.abc import Sequence
from typing import Final

import altair as alt
import vl_convert

_COLOURS: Final = {"precision": "#0b5cad", "recall": "#a34700", "f1": "#1b1b1b"}
"""Each at least 4.5 to 1 against white (WCAG 2.2, 1.4.3), and told apart by dashes too."""
_DASHES: Final = {"precision": (6, 3), "recall": (2, 3), "f1": (1, 0)}
_FOR, _AGAINST, _TOGETHER = "speaks for it", "speaks against it", "all together"
_SIDES: Final = {_FOR: "#0b5cad", _AGAINST: "#a34700", _TOGETHER: "#1b1b1b"}
_TEXT: Final = 12
_WIDTH: Final = 480
_HEIGHT: Final = 320
_WORDS: Final = 400
"""How wide a step's words may be; these four are pixels."""

Sweep = Sequence[tuple[float, float, float, float]]
"""Threshold, precision, recall, F1."""


def sweep_picture(sweep: Sweep, *, at: float) -> str:
    """Draw qualities by threshold, the chosen one marked."""
    rows = [
        {"threshold": row[0], "share": share, "quality": name}
        for row in sweep
        for name, share in zip(_COLOURS, row[1:], strict=True)
    ]
    whole = alt.Scale(domain=[0, 1])
    x = alt.X("threshold:Q", title="mean probability from which clusters are joined", scale=whole)
    colours = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    dashes = alt.Scale(domain=list(_DASHES), range=[list(each) for each in _DASHES.values()])
    lines = alt.Chart(alt.InlineData(values=rows)).mark_line()
    lines = lines.encode(
        x=x,
        y=alt.Y("share:Q", title=None, scale=whole),
        color=alt.Color("quality:N", title=None, scale=colours),
        strokeDash=alt.StrokeDash("quality:N", title=None, scale=dashes),
    )
    chosen = alt.Chart(alt.InlineData(values=[{"threshold": at, "words": f"chosen: {at:.3f}"}])).encode(x=x)
    words = chosen.mark_text(align="right", dx=-5, fontSize=_TEXT)
    words = words.encode(text="words:N", y=alt.value(_HEIGHT - _TEXT))
    layers = alt.layer(lines, chosen.mark_rule(), words).properties(height=_HEIGHT)
    return drawn(layers, "Precision, recall and F1 by threshold")


def waterfall_picture(steps: Sequence[tuple[str, float]]) -> str:
    """Draw what each step adds to the weight (log2 odds), one below the other, and their sum.

    Args:
        steps: words and weight of each, in order.

    """
    rows: list[dict[str, int | float | str]] = []
    reached = 0.0
    for _, weight in steps:
        rows.append(_bar(len(rows), reached, weight, _FOR if weight >= 0 else _AGAINST))
        reached += weight
    rows.append(_bar(len(rows), 0.0, reached, _TOGETHER))
    words = json.dumps([*(each for each, _ in steps), _TOGETHER])  # two steps may bear the same words
    axis = alt.Axis(labelExpr=f"({words})[datum.value]", labelLimit=_WORDS)
    told = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("place:O", title=None, axis=axis))
    sides = alt.Scale(domain=list(_SIDES), range=list(_SIDES.values()))
    bars = told.mark_bar().encode(
        x=alt.X("from:Q", title="log2 odds"), x2="to:Q", color=alt.Color("side:N", title=None, scale=sides)
    )
    weights = told.mark_text(align="left", dx=5, fontSize=_TEXT).encode(x="end:Q", text="adds:N")
    return drawn(alt.layer(bars, weights), "What speaks for and against the two being one")


def drawn(chart: alt.LayerChart | alt.FacetChart, title: str, *, width: int = _WIDTH) -> str:
    """Draw a chart; its title is also what a screen reader says."""
    described = chart.properties(title=title, width=width, description=title)
    return str(vl_convert.vegalite_to_svg(described.to_dict(), allowed_base_urls=[]))


def _bar(place: int, start: float, weight: float, side: str) -> dict[str, int | float | str]:
    end = start + weight
    return {"place": place, "from": start, "to": end, "end": max(start, end), "side": side, "adds": f"{weight:+.2f}"}
