"""Past alerts beside what happened, as Markdown and as a page: what came true, what was promised, month by month."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from predict.page import document, table
from predict.telling.teller import Teller

_COUNTS: Final = ("customers", "alerts", "hits", "false_alarms", "misses", "acted_on")
COLUMN, HIGH, LEFT, TOP, BELOW = 64, 220, 66, 12, 48
_TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def markdown(told: Mapping[str, Any], teller: Teller) -> str:
    """Write a review (`predict.review`) as Markdown."""
    head = teller.head("review.head")
    lines = [f"# {_title(teller)}", "", *_sentences(told, teller), ""]
    lines += [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(line)} |" for line in rows(told, teller)]
    return "\n".join([*lines, "", teller.say("review.note"), ""])


def html(told: Mapping[str, Any], teller: Teller) -> str:
    """Write a review as a page with its picture."""
    months = [one for one in told["months"] if one["alerts"]]
    body = [
        f"<h1>{escape(_title(teller))}</h1>",
        *(f"<p>{escape(one)}</p>" for one in _sentences(told, teller)),
        *([_picture(months, teller)] if months else []),
        table(teller.head("review.head"), [list(map(escape, line)) for line in rows(told, teller)]),
        f'<p class="note">{escape(teller.say("review.note"))}</p>',
    ]
    return document(_title(teller), body, teller.language)


def _title(teller: Teller) -> str:
    return teller.say("review.title", title=teller.say("title"))


def _sentences(told: Mapping[str, Any], teller: Teller) -> list[str]:
    every = told["all"]
    if not every["alerts"]:
        return [teller.say("review.none")]
    unacted = every["precision_where_nobody_acted"]
    counts = {name: every[name] for name in ("alerts", "hits", "false_alarms", "misses")}
    said = [
        teller.say("review.said", **counts),
        teller.say("review.precision", precision=every["precision"], unacted=unacted),
    ]
    if every["promised_precision"] is not None:
        kept = teller.named("kept", every["kept"])
        said.append(teller.say("review.promised", promised=every["promised_precision"], kept=kept))
    return said


def rows(told: Mapping[str, Any], teller: Teller) -> list[tuple[str, ...]]:
    """Give a row for each month and one for all: the columns of `review.head`."""

    def row(month: str, one: Mapping[str, Any]) -> tuple[str, ...]:
        promised = one["promised_precision"]
        return (
            month,
            *(str(one[name]) for name in _COUNTS),
            teller.format_field(one["precision"], "span") if one["alerts"] else "-",
            "-" if promised is None else teller.format_field(promised, "share"),
            teller.named("kept", one["kept"]),
        )

    months = [row(one["month"], one) for one in told["months"]]
    return [*months, row(teller.say("review.all"), told["all"])]


def _picture(months: list[Mapping[str, Any]], teller: Teller) -> str:
    """Draw each month's precision with its interval, and the precision that was promised."""
    width, height = LEFT + COLUMN * len(months) + 20, TOP + HIGH + BELOW
    marks = "".join(
        f'<text class="faint" x="{LEFT - 8}" y="{_up(at) + 4:.1f}" text-anchor="end">'
        f"{teller.format_field(at, 'share')}</text>"
        for at in _TICKS
    )
    columns = "".join(_column(number, one) for number, one in enumerate(months))
    title = escape(teller.say("review.picture"))
    return (
        f'<figure><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{title}"><rect class="frame" x="{LEFT}" y="{TOP}" width="{COLUMN * len(months)}" '
        f'height="{HIGH}"/>{marks}{columns}<text transform="translate(14 {TOP + HIGH / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(teller.say("review.up"))}</text></svg>'
        f'<figcaption>{title} <span class="note">({escape(teller.say("review.guide"))})</span></figcaption></figure>'
    )


def _column(number: int, one: Mapping[str, Any]) -> str:
    at, found, promised = LEFT + COLUMN * (number + 0.5), one["precision"], one["promised_precision"]
    drawn = (
        f'<line class="line" x1="{at}" y1="{_up(found["low"]):.1f}" x2="{at}" y2="{_up(found["high"]):.1f}"/>'
        f'<circle class="dot" cx="{at}" cy="{_up(found["figure"]):.1f}" r="5"/>'
        f'<text class="faint" x="{at}" y="{TOP + HIGH + 20}" text-anchor="middle">{escape(one["month"])}</text>'
    )
    if promised is None:
        return drawn
    left, right, up = at - COLUMN / 2, at + COLUMN / 2, _up(promised)
    return f'{drawn}<line class="guide" x1="{left}" y1="{up:.1f}" x2="{right}" y2="{up:.1f}"/>'


def _up(share: float) -> float:
    return TOP + HIGH * (1 - share)
