"""The report of a yes/no module as one HTML page, pictures drawn inline: no script, no network, no personal data."""

from collections.abc import Sequence
from html import escape

from predict.artefact import Artefact
from predict.declaration import Wording
from predict.likelihood.report import (
    SERVED,
    WARNED,
    WORTH,
    Section,
    facts,
    lights,
    moves,
    rows,
    served,
    summary,
    warned,
    worth,
)
from predict.likelihood.waterfall import fall_of, picture
from predict.page import document, table

SIDE, MARGIN = 260, 40
Points = list[tuple[float, float]]


def html(artefact: Artefact, wording: Wording, sections: Sequence[Section] = ()) -> str:
    """Write the page; `sections` are those that the module adds."""
    figures = artefact.figures
    title = f"{artefact.module}: {artefact.family}, {artefact.horizon_days} days"
    pictures = _pictures(artefact) if "curves" in figures else []
    first = _table(("figure", "model", "beside"), rows(artefact))
    body = [
        f"<h1>{escape(title)}</h1><p>{escape(summary(artefact, wording))}</p>",
        *(f'<p class="remark">{escape(remark)}</p>' for remark in figures["remarks"]),
        first,
        *pictures,
        *_waterfall(artefact),
        *(part for one in sections for part in _titled(one.title, one.head, one.lines)),
        "<h2>The test</h2>",
        _table(("what", "fact"), facts(artefact, wording)),
        "<h2>Is there enough to learn from?</h2>",
        _table(("what", "light", "have", "need", "advice"), lights(artefact)),
        *_titled("Alerts month by month, each customer once a spell", WARNED, warned(artefact)),
        *_titled("Whom it serves how well", SERVED, served(artefact)),
        *_titled("What each source is worth", WORTH, worth(artefact)),
        "<h2>What moves the score</h2>",
        _table(("feature group", "share"), [(name, f"{part:.1%}") for name, part in moves(artefact)]),
    ]
    return document(title, body)


def _waterfall(artefact: Artefact) -> list[str]:
    """Draw how a score comes about; nothing where nothing raises it."""
    fall = fall_of(artefact)
    return [] if fall is None else [f"<h2>How a score comes about</h2>{picture(fall)}"]


def _titled(title: str, head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Give a table under its title; nothing where there is nothing to tell."""
    return [f"<h2>{escape(title)}</h2>", _table(head, lines)] if lines else []


def _pictures(artefact: Artefact) -> list[str]:
    figures = artefact.figures
    curves = figures["curves"]
    calibration: Points = [(mean, share) for _, mean, share in curves["calibration"]]
    lift: Points = [(share, times) for share, times in curves["lift"]]
    tallest = max(2.0, *(times for _, times in lift))
    share = figures["capacity"] / figures["customers"]
    return [
        _picture("Calibration: said (across), happened (up)", calibration, guide=((0, 0), (1, 1))),
        _picture(
            "Precision (up) at recall (across)",
            [(recall, precision) for recall, precision in curves["precision_recall"]],
            guide=((0, figures["base_rate"]), (1, figures["base_rate"])),
        ),
        _picture(
            f"Lift (up, of {tallest:.1f}) among the top share (across); line: capacity",
            [(across, up / tallest) for across, up in lift],
            guide=((share, 0), (share, 1)),
        ),
    ]


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    return table(head, [[escape(cell) for cell in line] for line in lines])


def _picture(title: str, points: Points, *, guide: tuple[tuple[float, float], tuple[float, float]]) -> str:
    """Draw a curve in the unit square with a dashed guide line."""
    whole = SIDE + 2 * MARGIN
    line = " ".join(f"{_across(x)},{_up(y)}" for x, y in points)
    dots = "".join(f'<circle cx="{_across(x)}" cy="{_up(y)}" r="3" fill="#1d4ed8"/>' for x, y in points)
    (x1, y1), (x2, y2) = guide
    marks = "".join(
        f'<text x="{_across(at)}" y="{whole - 18}" font-size="12" text-anchor="middle">{at:g}</text>'
        f'<text x="{MARGIN - 6}" y="{_up(at)}" font-size="12" text-anchor="end">{at:g}</text>'
        for at in (0.0, 0.5, 1.0)
    )
    return (
        f'<figure><svg width="{whole}" height="{whole}" viewBox="0 0 {whole} {whole}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#94a3b8"/>'
        f'<line x1="{_across(x1)}" y1="{_up(y1)}" x2="{_across(x2)}" y2="{_up(y2)}" stroke="#64748b" '
        f'stroke-dasharray="4 4"/><polyline points="{line}" fill="none" stroke="#1d4ed8" stroke-width="2"/>'
        f"{dots}{marks}</svg><figcaption>{escape(title)}</figcaption></figure>"
    )


def _across(x: float) -> str:
    return f"{MARGIN + SIDE * min(max(x, 0.0), 1.0):.1f}"


def _up(y: float) -> str:
    return f"{MARGIN + SIDE * (1 - min(max(y, 0.0), 1.0)):.1f}"
