"""What a campaign brought, as one report: test, figures, cohorts, channels, bands, and what it cannot say.

Three ways, as every report here: plain JSON values, Markdown, one HTML page without script. It holds nothing about a
person: figures of arms, months and channels, each with its n.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final

import polars as pl

from predict.evaluate import Interval
from predict.module import Report
from predict.page import document, table
from predict.telling.teller import Teller
from predict.winback.attribution import attributed
from predict.winback.benchmark import Band, standing
from predict.winback.experiment import ARM, CONTACT, HOLD_OUT, look
from predict.winback.intention import not_seen
from predict.winback.kpi import Kpi, Window, check_campaign, cohorts, kpis
from predict.winback.playbook import Playbook

_CARD: Final = ("for", "not_for", "how", "unseen")
_LEVEL: Final = 0.05  # of `look`
_FEW: Final = 10  # customers of a month and arm: fewer are not told apart

Rows = Sequence[tuple[str, ...]]


def outcome(
    campaign: pl.DataFrame, touches: pl.DataFrame, playbook: Playbook, window: Window, teller: Teller
) -> Report:
    """Report on a campaign frame (`predict.winback.kpi`) and a touch frame (`predict.winback.attribution`).

    Names among the values are English; summary and card, the page and the Markdown are in the words that are given.
    """
    check_campaign(campaign)
    found = kpis(campaign, window)
    bands = {band.kpi: band for band in playbook.bands}
    values: dict[str, Any] = {
        "at": window.at.isoformat(),
        "arms": dict(campaign[ARM].value_counts(sort=True).iter_rows()),
        "not_to_be_read": not_seen(campaign),
        "window_days": window.returns_days,
        "test": _test(campaign, playbook, window),
        "figures": [_figure(one, bands.get(one.name)) for one in found],
        "cohorts": _cohorts(campaign, window),
        "channels": attributed(campaign, touches, window).to_dicts(),
        "card": {teller.say(f"notes.{one}"): teller.say(f"notes.{one}_said") for one in _CARD},
    }
    values["summary"] = _summary(values, teller)
    return Report(values=values, markdown=_markdown(values, teller), html=_html(values, teller))


def _test(campaign: pl.DataFrame, playbook: Playbook, window: Window) -> dict[str, Any]:
    """Compare the arms as far as they are now; the answer stays true however often somebody looks."""
    back = (pl.col("returned_at") >= pl.col("started_at")) & (pl.col("returned_at") < window.at)
    so_far = campaign.with_columns(returned=back.fill_null(value=False))
    counts = [
        (int(rows["returned"].sum()), rows.height)
        for rows in (so_far.filter(pl.col(ARM) == arm) for arm in (CONTACT, HOLD_OUT))
    ]
    seen = look(counts[0], counts[1], worthwhile=playbook.terms.worthwhile)
    return {
        "contact": list(counts[0]),
        "hold_out": list(counts[1]),
        "difference": _interval(seen.difference),
        "p": seen.p,
        "worthwhile": playbook.terms.worthwhile,
    }


def _figure(one: Kpi, band: Band | None) -> dict[str, Any]:
    told = {**one.as_mapping(), "band": None}
    if band is not None:
        where = standing(one, band).value if math.isfinite(one.figure.figure) else "cannot be told yet"
        told["band"] = {"low": band.low, "high": band.high, "source": band.source, "standing": where}
    return told


def _cohorts(campaign: pl.DataFrame, window: Window) -> list[dict[str, Any]]:
    rows = cohorts(campaign, window).filter(pl.col("customers") >= _FEW)
    return rows.with_columns(pl.col("left_month").dt.strftime("%Y-%m")).to_dicts()


def _interval(one: Interval) -> dict[str, float | None]:
    told = {"figure": one.figure, "low": one.low, "high": one.high}
    return {name: value if math.isfinite(value) else None for name, value in told.items()}


def _summary(values: dict[str, Any], teller: Teller) -> str:
    test = values["test"]
    (won, contacted), (unasked, kept) = test["contact"], test["hold_out"]
    base = teller.say("outcome.base", won=won, contacted=contacted, unasked=unasked, kept=kept)
    if test["p"] >= _LEVEL:
        return teller.say("outcome.unsure", base=base)
    better = test["difference"]["figure"] > 0
    return teller.say("outcome.more", base=base) if better else teller.say("outcome.fewer", base=base)


def _rows_of_figures(values: dict[str, Any], teller: Teller) -> Rows:
    return [
        (
            teller.named("kpi", one["name"]),
            _told(one, teller),
            str(one["n"]),
            _band(one["band"], teller),
            teller.named("formula", one["name"]),
        )
        for one in values["figures"]
    ]


def _told(one: dict[str, Any], teller: Teller) -> str:
    if one["figure"] is None:
        return teller.say("outcome.not_yet")
    whole = one["name"].endswith(("_minor", "_days"))
    shape = ",.0f" if whole else ".3g"
    figure, low, high = (
        "?" if one[name] is None else teller.format_field(one[name], shape) for name in ("figure", "low", "high")
    )
    return teller.say("outcome.within", figure=figure, low=low, high=high)


def _band(band: dict[str, Any] | None, teller: Teller) -> str:
    if band is None:
        return "-"
    low, high = (teller.format_field(band[name], "g") for name in ("low", "high"))
    where = teller.named("standing", band["standing"])
    return teller.say("outcome.band", low=low, high=high, standing=where, source=band["source"])


def _tables(values: dict[str, Any], teller: Teller) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Give each table in the order of the page: title, columns, rows."""
    named = {arm: teller.named("arm", arm) for arm in (CONTACT, HOLD_OUT)}
    arms = [(named[arm], str(values["arms"].get(arm, 0)), str(values["not_to_be_read"][arm])) for arm in named]
    months = [
        (one["left_month"], named[one[ARM]], str(one["customers"]), str(one["returned"]), _percent(one["rate"], teller))
        for one in values["cohorts"]
    ]
    channels = [
        (
            teller.named("channel", one["channel"]),
            str(one["touched"]),
            *(teller.format_field(one[name], ".1f") for name in ("last_touch", "shared", "extra")),
        )
        for one in values["channels"]
    ]
    found: dict[str, Rows] = {
        "arms": arms,
        "kpis": _rows_of_figures(values, teller),
        "months": months,
        "channels": channels,
        "notes": list(values["card"].items()),
    }
    for name, rows in found.items():
        yield teller.say(f"{name}.title"), teller.head(f"{name}.head"), rows


def _percent(share: float, teller: Teller) -> str:
    return teller.format_field(share, "share1")


def _markdown(values: dict[str, Any], teller: Teller) -> str:
    parts = [f"# {teller.say('outcome.title')}", values["summary"]]
    for title, head, rows in _tables(values, teller):
        lines = ["| " + " | ".join(one) + " |" for one in (head, ("---",) * len(head), *rows)]
        parts.append(f"## {title}\n" + ("\n".join(lines) if rows else teller.say("outcome.nothing")))
    return "\n\n".join(parts) + "\n"


def _html(values: dict[str, Any], teller: Teller) -> str:
    title = teller.say("outcome.title")
    body = [f"<h1>{escape(title)}</h1><p>{escape(values['summary'])}</p>", _picture(values, teller)]
    for heading, head, rows in _tables(values, teller):
        cells = [[escape(cell) for cell in row] for row in rows]
        shown = table(head, cells) if rows else f"<p>{escape(teller.say('outcome.nothing'))}</p>"
        body.append(f"<h2>{escape(heading)}</h2>{shown}")
    return document(title, body, teller.language)


def _picture(values: dict[str, Any], teller: Teller) -> str:
    """Draw the share that came back in each arm."""
    shares = {arm: values["test"][arm][0] / max(1, values["test"][arm][1]) for arm in (CONTACT, HOLD_OUT)}
    most = max(*shares.values(), 0.01)
    bars = "".join(
        f'<rect class="bar" x="200" y="{20 + 40 * at}" height="24" width="{270 * one / most:.0f}"></rect>'
        f'<text x="0" y="{38 + 40 * at}">{escape(teller.named("arm", arm))}: {_percent(one, teller)}</text>'
        for at, (arm, one) in enumerate(shares.items())
    )
    label = escape(teller.say("outcome.picture"))
    return f'<svg role="img" aria-label="{label}" width="480" height="110">{bars}</svg>'
