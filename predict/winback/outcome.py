"""What a campaign brought, as one report: test, figures, cohorts, channels, bands, and what it cannot say.

Three ways, as every report here: plain JSON values, Markdown, one HTML page without script. It holds nothing about a
person: figures of arms, months and channels, each with its n.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

import polars as pl

from predict.evaluate import Interval
from predict.module import Report
from predict.page import document, table
from predict.winback.attribution import attributed
from predict.winback.benchmark import Band, standing
from predict.winback.experiment import ARM, CONTACT, HOLD_OUT, look
from predict.winback.intention import not_seen
from predict.winback.kpi import Kpi, Window, check_campaign, cohorts, kpis
from predict.winback.playbook import Playbook

_CARD: Final = (
    ("For", "judging whether writing to former customers brought any back who would not have come by themselves."),
    ("Not for", "judging a customer, or who wrote or approved letters; no figure here is of one person."),
    ("How", "customers were drawn by lot before anybody was written to; returns of both arms are counted alike."),
    (
        "Not seen",
        (
            "what became of who said no or was erased since: they may not be read, and count as not returned in the "
            "arm that they were drawn into, so that the noes that letters bring never make letters look better. "
            "Channels are bookkeeping, arms are proof."
        ),
    ),
)
_FEW: Final = 10  # customers of a month and arm: fewer are not told apart

Rows = Sequence[tuple[str, ...]]


def outcome(campaign: pl.DataFrame, touches: pl.DataFrame, playbook: Playbook, window: Window) -> Report:
    """Report on a campaign frame (`predict.winback.kpi`) and a touch frame (`predict.winback.attribution`)."""
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
        "card": dict(_CARD),
    }
    values["summary"] = _summary(values)
    return Report(values=values, markdown=_markdown(values), html=_html(values))


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


def _summary(values: dict[str, Any]) -> str:
    test = values["test"]
    (won, contacted), (unasked, kept) = test["contact"], test["hold_out"]
    base = f"{won} of {contacted} who were drawn to be written to came back, {unasked} of {kept} who were left alone."
    if test["p"] < 0.05:  # noqa: PLR2004 - the level of `look`
        better = "More" if test["difference"]["figure"] > 0 else "Fewer"
        return f"{base} {better} came back because of the letters: the test may be ended."
    return f"{base} That letters changed anything cannot be told yet."


def _rows_of_figures(values: dict[str, Any]) -> Rows:
    return [(one["name"], _told(one), str(one["n"]), _band(one["band"]), one["formula"]) for one in values["figures"]]


def _told(one: dict[str, Any]) -> str:
    if one["figure"] is None:
        return "not yet"
    money = one["name"].endswith("_minor") or one["name"].endswith("_days")
    shape = ",.0f" if money else ".3g"
    bounds = [format(one[name], shape) if one[name] is not None else "?" for name in ("low", "high")]
    return f"{one['figure']:{shape}} ({bounds[0]} to {bounds[1]})"


def _band(band: dict[str, Any] | None) -> str:
    return "-" if band is None else f"{band['low']:g} to {band['high']:g}: {band['standing']} ({band['source']})"


def _tables(values: dict[str, Any]) -> Iterable[tuple[str, tuple[str, ...], Rows]]:
    arms = [(arm, str(values["arms"].get(arm, 0)), str(values["not_to_be_read"][arm])) for arm in (CONTACT, HOLD_OUT)]
    yield "Arms", ("arm", "drawn", "of them not to be read any more"), arms
    yield "Figures", ("figure", "value (95 %)", "n", "band", "formula"), _rows_of_figures(values)
    months = [
        (one["left_month"], one[ARM], str(one["customers"]), str(one["returned"]), f"{one['rate']:.1%}")
        for one in values["cohorts"]
    ]
    yield "By month of leaving", ("left", "arm", "customers", "returned", "rate"), months
    channels = [
        (one["channel"], str(one["touched"]), f"{one['last_touch']:.1f}", f"{one['shared']:.1f}", f"{one['extra']:.1f}")
        for one in values["channels"]
    ]
    yield "By channel", ("channel", "customers", "last touch", "shared", "beyond the hold-out"), channels
    yield "Card", ("what", "said"), list(values["card"].items())


def _markdown(values: dict[str, Any]) -> str:
    parts = ["# Win-back campaign", values["summary"]]
    for title, head, rows in _tables(values):
        lines = ["| " + " | ".join(one) + " |" for one in (head, ("---",) * len(head), *rows)]
        parts.append(f"## {title}\n" + ("\n".join(lines) if rows else "Nothing yet."))
    return "\n\n".join(parts) + "\n"


def _html(values: dict[str, Any]) -> str:
    body = [f"<h1>Win-back campaign</h1><p>{escape(values['summary'])}</p>", _picture(values)]
    for title, head, rows in _tables(values):
        cells = [[escape(cell) for cell in row] for row in rows]
        shown = table(head, cells) if rows else "<p>Nothing yet.</p>"
        body.append(f"<h2>{escape(title)}</h2>{shown}")
    return document("Win-back campaign", body)


def _picture(values: dict[str, Any]) -> str:
    """Draw the share that came back in each arm."""
    shares = {arm: values["test"][arm][0] / max(1, values["test"][arm][1]) for arm in (CONTACT, HOLD_OUT)}
    most = max(*shares.values(), 0.01)
    bars = "".join(
        f'<rect fill="#2f6f9f" x="150" y="{20 + 40 * at}" height="24" width="{300 * one / most:.0f}"></rect>'
        f'<text x="0" y="{38 + 40 * at}">{escape(arm)}: {one:.1%}</text>'
        for at, (arm, one) in enumerate(shares.items())
    )
    return f'<svg role="img" aria-label="share that came back, by arm" width="480" height="110">{bars}</svg>'
