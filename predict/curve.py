"""A curve with its axes as inline SVG: figures along both sides, what they mean beside them, a dashed guide."""

from dataclasses import dataclass
from html import escape
from typing import Final

from predict.telling.teller import Teller

SIDE: Final = 300
LEFT, TOP, BELOW, RIGHT = 66, 12, 50, 26
_TICKS: Final = 4
Points = list[tuple[float, float]]
Line = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points with shares across and shares (or times, up to `tallest`) up; the guide's ends are in the same units."""

    title: str
    across: str
    up: str
    points: Points
    guide: Line
    guide_says: str
    tallest: float = 1.0


def drawn(curve: Curve, teller: Teller) -> str:
    """Draw a curve as a figure with its caption, its figures as the language writes them."""
    wide, high = LEFT + SIDE + RIGHT, TOP + SIDE + BELOW
    (x1, y1), (x2, y2) = curve.guide
    line = " ".join(f"{_across(x)},{_up(y, curve)}" for x, y in curve.points)
    dots = "".join(f'<circle class="dot" cx="{_across(x)}" cy="{_up(y, curve)}" r="3"/>' for x, y in curve.points)
    return (
        f'<figure><svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        f'aria-label="{escape(curve.title)}"><rect class="frame" x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}"/>'
        f'<line class="guide" x1="{_across(x1)}" y1="{_up(y1, curve)}" x2="{_across(x2)}" y2="{_up(y2, curve)}"/>'
        f'<polyline class="line" points="{line}"/>{dots}{_marks(curve, teller)}'
        f'<text x="{LEFT + SIDE / 2}" y="{high - 8}" text-anchor="middle">{escape(curve.across)}</text>'
        f'<text transform="translate(14 {TOP + SIDE / 2}) rotate(-90)" text-anchor="middle">{escape(curve.up)}</text>'
        f'</svg><figcaption>{escape(curve.title)} <span class="note">({escape(curve.guide_says)})</span></figcaption>'
        "</figure>"
    )


def _marks(curve: Curve, teller: Teller) -> str:
    """Write figures along the axes: shares across in percent, up in percent or times."""
    marks = []
    for step in range(_TICKS + 1):
        share = step / _TICKS
        times = share * curve.tallest
        across = teller.format_field(share, "share")
        up = across if curve.tallest == 1.0 else teller.format_field(times, ".1f")
        marks.append(
            f'<text class="faint" x="{_across(share)}" y="{TOP + SIDE + 18}" text-anchor="middle">{across}</text>'
            f'<text class="faint" x="{LEFT - 6}" y="{float(_up(times, curve)) + 4:.1f}" text-anchor="end">{up}</text>'
        )
    return "".join(marks)


def _across(x: float) -> str:
    return f"{LEFT + SIDE * min(max(x, 0.0), 1.0):.1f}"


def _up(y: float, curve: Curve) -> str:
    return f"{TOP + SIDE * (1 - min(max(y / curve.tallest, 0.0), 1.0)):.1f}"
