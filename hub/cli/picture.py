"""Pictures of matching as SVG: qualities by threshold, and the waterfall of a pair. Numbers and our own words only.

Written by hand: the same figures give the same bytes, nothing is fetched, and nothing has to be installed.
"""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 640
_HEIGHT: Final = 400
_MARGIN: Final = 56
_ROW: Final = 26
_WORDS: Final = 320
"""Where words end and bars begin in a waterfall."""
_COLOURS: Final = {"precision": "#0b5cad", "recall": "#a34700", "f1": "#1b1b1b"}
"""Each at least 4.5 to 1 against white (WCAG 2.2, 1.4.3), and told apart by dashes too."""
_DASHES: Final = {"precision": "6 3", "recall": "2 3", "f1": "none"}

Sweep = Sequence[tuple[float, float, float, float]]
"""Threshold, precision, recall, F1."""


def sweep_picture(sweep: Sweep, *, at: float) -> str:
    """Draw qualities by threshold, the chosen one marked."""
    across, up = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    parts = [_line((_x(0), _y(0)), (_x(1), _y(0))), _line((_x(0), _y(0)), (_x(0), _y(1)))]
    for tenth in range(0, 11, 2):
        share = tenth / 10
        parts += [
            _text(_x(share), _y(0) + 18, f"{share:g}", "middle"),
            _text(_x(0) - 8, _y(share) + 4, f"{share:g}", "end"),
        ]
    for place, name in enumerate(_COLOURS):
        points = " ".join(f"{_x(row[0]):.1f},{_y(row[1 + place]):.1f}" for row in sweep)
        style = f'fill="none" stroke="{_COLOURS[name]}" stroke-width="2" stroke-dasharray="{_DASHES[name]}"'
        parts.append(f'<polyline points="{points}" {style}/>')
        parts.append(_text(_x(0) + 100 * place + 8, _y(1) - 12, name, "start", _COLOURS[name]))
    parts += [
        _line((_x(at), _y(0)), (_x(at), _y(1))),
        _text(_x(at) + 4, _y(0) - 8, f"chosen: {at:.3f}", "start"),
        _text(_MARGIN + across / 2, _MARGIN + up + 40, "mean probability from which clusters are joined", "middle"),
    ]
    return _document(_HEIGHT, "Precision, recall and F1 by threshold", parts)


def waterfall_picture(steps: Sequence[tuple[str, float]]) -> str:
    """Draw what each step adds to the weight (log2 odds), one below the other, and their sum.

    Args:
        steps: words and weight of each, in order.

    """
    total = sum(weight for _, weight in steps)
    ends = [0.0]
    for _, weight in steps:
        ends.append(ends[-1] + weight)
    least, most = min(*ends, total), max(*ends, total)
    scale = (_WIDTH - _WORDS - _MARGIN) / ((most - least) or 1.0)
    parts = []
    bars = [
        *((words, ends[place], weight) for place, (words, weight) in enumerate(steps)),
        ("all together", 0.0, total),
    ]
    for place, (words, start, weight) in enumerate(bars):
        top, left = _MARGIN + place * _ROW, _WORDS + (min(start, start + weight) - least) * scale
        colour = "#a34700" if weight < 0 else "#0b5cad"
        wide = max(abs(weight) * scale, 1.0)
        parts.append(f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{_ROW - 8}" fill="{colour}"/>')
        parts += [_text(_WORDS - 60, top + 14, words, "end"), _text(_WORDS - 8, top + 14, f"{weight:+.2f}", "end")]
    zero = _WORDS - least * scale
    parts.append(_line((zero, _MARGIN - 6), (zero, _MARGIN + len(bars) * _ROW)))
    return _document(2 * _MARGIN + len(bars) * _ROW, "What speaks for and against one person, log2 odds", parts)


def _x(share: float) -> float:
    return _MARGIN + share * (_WIDTH - 2 * _MARGIN)


def _y(share: float) -> float:
    return _HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN)


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    return f'<line {ends} stroke="#1b1b1b" stroke-width="1"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#1b1b1b") -> str:  # SVG's own attributes
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _document(height: int, title: str, parts: Sequence[str]) -> str:
    """Put a picture together; its title is what a screen reader says."""
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    style = 'font-family="sans-serif" font-size="12" role="img"'
    body = "\n".join(
        ["<title>" + escape(title) + "</title>", '<rect width="100%" height="100%" fill="#ffffff"/>', *parts]
    )
    heading = _text(_MARGIN, 24, title, "start")
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{body}\n{heading}\n</svg>\n'
