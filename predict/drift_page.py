"""How far customers and scores have moved, as a picture: a bar for each input, lines where it is worth a look.

Colours say what the lights say: a bar beyond a line is no alarm where as many customers who did not change would show
as much by chance.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from predict.page import document, table

SHOWN: Final = 20
LINES: Final = (0.1, 0.25)  # worth a look; a shift (`predict.drift`)
WIDEST: Final = 0.5  # PSI at the right edge; longer bars end there
LABELS, BAR, ROW = 300, 360, 24
_COLOURS: Final = {"green": "#15803d", "amber": "#b45309", "red": "#b91c1c"}


def html(module: str, told: Mapping[str, Any], due: Sequence[str]) -> str:
    """Write the page of a drift report (`predict.drift`), and what is due because of it."""
    score = [told["score"]] if told["score"] else []
    shifts = [*score, *told["inputs"][:SHOWN]]
    title = f"{module}: what has moved since the training"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{told['customers']} customers. Due now: {escape(', '.join(due) or 'nothing')}.</p>",
        _calibration(told.get("calibration")),
        _picture(shifts) if shifts else "<p>The model was trained before it kept what customers looked like.</p>",
        table(("what", "PSI", "by chance", "light"), [_line(one) for one in shifts]) if shifts else "",
    ]
    return document(title, body)


def _calibration(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return '<p class="note">No outcome is known yet that the model was not taught.</p>'
    seen, foretold = told["seen"], told["foretold"]
    return f"<p>Foretold {foretold:.0f}, seen {seen:.0f}: {escape(told['light'])}.</p>"


def _line(one: Mapping[str, Any]) -> tuple[str, ...]:
    return escape(one["name"]), f"{one['psi']:.3f}", f"{one['by_chance']:.3f}", escape(one["light"])


def _picture(shifts: list[Mapping[str, Any]]) -> str:
    height = ROW * len(shifts) + 40
    lines = "".join(
        f'<line x1="{_across(at)}" y1="20" x2="{_across(at)}" y2="{height - 10}" stroke="#64748b" '
        'stroke-dasharray="4 4"/>'
        f'<text x="{_across(at)}" y="14" font-size="12" text-anchor="middle">{at:g}</text>'
        for at in LINES
    )
    bars = "".join(_bar(number, one) for number, one in enumerate(shifts))
    title = "Population stability index of the score and of each input; lines: worth a look, a shift"
    return (
        f'<figure><svg width="{LABELS + BAR + 60}" height="{height}" role="img" aria-label="{title}">'
        f"{lines}{bars}</svg><figcaption>{title}</figcaption></figure>"
    )


def _bar(number: int, one: Mapping[str, Any]) -> str:
    up, long = ROW * number + 24, max(1.0, float(_across(one["psi"])) - LABELS)
    return (
        f'<text x="{LABELS - 8}" y="{up + 13}" font-size="13" text-anchor="end">{escape(one["name"])}</text>'
        f'<rect x="{LABELS}" y="{up}" width="{long:.1f}" height="16" fill="{_COLOURS[one["light"]]}"/>'
    )


def _across(psi: float) -> str:
    return f"{LABELS + BAR * min(psi, WIDEST) / WIDEST:.1f}"
