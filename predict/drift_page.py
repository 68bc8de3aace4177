"""How far customers and scores have moved, as a picture: a bar for each input, lines where it is worth a look.

Colours say what the lights say: a bar beyond a line is no alarm where as many customers who did not change would show
as much by chance.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from predict.page import document, shortened, table
from predict.telling.teller import Teller

SHOWN: Final = 20
LINES: Final = (0.1, 0.25)  # worth a look; a shift (`predict.drift`)
WIDEST: Final = 0.5  # PSI at the right edge; longer bars end there
LABELS, BAR, ROW = 330, 360, 24


def html(told: Mapping[str, Any], due: Sequence[str], teller: Teller) -> str:
    """Write the page of a drift report (`predict.drift`), and what is due because of it."""
    shifts = _shifts(told)
    labels = _labels(told, teller)
    title = teller.say("drift.title", title=teller.say("title"))
    now = ", ".join(teller.named("due", one) for one in due) or teller.say("due.nothing")
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(teller.say('drift.customers', customers=told['customers'], due=now))}</p>",
        _calibration(told.get("calibration"), teller),
    ]
    if shifts:
        lines = [tuple(map(escape, line)) for line in rows(told, teller)]
        body += [_picture(shifts, labels, teller), table(teller.head("drift.head"), lines)]
    else:
        body.append(f"<p>{escape(teller.say('drift.no_profile'))}</p>")
    return document(title, body, teller.language)


def rows(told: Mapping[str, Any], teller: Teller) -> list[tuple[str, ...]]:
    """Give the lines of the table: score and inputs, how far each moved, how far by chance, and its light."""
    return [_line(label, one, teller) for label, one in zip(_labels(told, teller), _shifts(told), strict=True)]


def _shifts(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*([told["score"]] if told["score"] else []), *told["inputs"][:SHOWN]]


def _labels(told: Mapping[str, Any], teller: Teller) -> list[str]:
    score = teller.say("drift.score")
    return [score if one is told["score"] else one.get("label", one["name"]) for one in _shifts(told)]


def _calibration(told: Mapping[str, Any] | None, teller: Teller) -> str:
    if told is None:
        return f'<p class="note">{escape(teller.say("drift.no_outcome"))}</p>'
    light = teller.named("light", told["light"])
    said = teller.say("drift.calibration", foretold=told["foretold"], seen=told["seen"], light=light)
    return f"<p>{escape(said)}</p>"


def _line(label: str, one: Mapping[str, Any], teller: Teller) -> tuple[str, ...]:
    figures = (teller.format_field(one[each], ".3f") for each in ("psi", "by_chance"))
    return label, *figures, teller.named("light", one["light"])


def _picture(shifts: list[Mapping[str, Any]], labels: list[str], teller: Teller) -> str:
    height, width = ROW * len(shifts) + 40, LABELS + BAR + 60
    said = [
        f"{teller.format_field(at, 'g')}: {teller.say(key)}"
        for at, key in zip(LINES, ("drift.watch", "drift.shift"), strict=True)
    ]
    lines = "".join(
        f'<line class="guide" x1="{_across(at)}" y1="20" x2="{_across(at)}" y2="{height - 10}"/>'
        f'<text class="faint" x="{_across(at)}" y="14" text-anchor="middle">{teller.format_field(at, "g")}</text>'
        for at in LINES
    )
    bars = "".join(_bar(number, label, one) for number, (label, one) in enumerate(zip(labels, shifts, strict=True)))
    title = escape(f"{teller.say('drift.picture')} ({'; '.join(said)})")
    return (
        f'<figure><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{title}">{lines}{bars}</svg><figcaption class="wide">{title}</figcaption></figure>'
    )


def _bar(number: int, label: str, one: Mapping[str, Any]) -> str:
    up, long = ROW * number + 24, max(1.0, float(_across(one["psi"])) - LABELS)
    return (
        f'<text x="{LABELS - 8}" y="{up + 13}" text-anchor="end">{shortened(label)}</text>'
        f'<rect class="{one["light"]}" x="{LABELS}" y="{up}" width="{long:.1f}" height="16"/>'
    )


def _across(psi: float) -> str:
    return f"{LABELS + BAR * min(psi, WIDEST) / WIDEST:.1f}"
