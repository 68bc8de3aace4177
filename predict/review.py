"""Every past alert beside what happened: hit, miss, false alarm, acted on or not, month by month.

An alert is a customer whom a scoring put in band `high`. It is judged when its window is over. Where somebody acted on
an alert and the outcome did not come, that may be because of the act: such an alert is neither a hit nor a false alarm
of the model, and precision is told twice, of all alerts and of those that nobody acted on. The figure promised is the
one that the model that made the alert had on its test customers.
"""

from typing import Any, Final

import polars as pl

from predict.shares import told_share

ALERT: Final = "high"
COLUMNS: Final = ("pseudonym", "as_of", "probability", "band", "outcome", "acted", "promised")


def review(alerts: pl.DataFrame) -> dict[str, Any]:
    """Sum up scored customers with known outcomes.

    Args:
        alerts: pseudonym, as_of, probability, band, outcome (Boolean), acted (Boolean), promised (Float64: precision
            among the alerted that the model promised; null where it was not measured).
    """
    told = alerts.with_columns(alerted=pl.col("band") == ALERT)
    months = told.with_columns(month=pl.col("as_of").dt.strftime("%Y-%m")).partition_by("month", as_dict=True)
    return {
        "months": [{"month": str(key[0]), **_summed(rows)} for key, rows in sorted(months.items())],
        "all": _summed(told),
    }


def _summed(rows: pl.DataFrame) -> dict[str, Any]:
    alerted = rows.filter("alerted")
    unacted = alerted.filter(~pl.col("acted"))
    outcomes, hits = int(rows["outcome"].sum()), int(alerted["outcome"].sum())
    promised = alerted["promised"].mean()
    precision = told_share(hits, alerted.height)
    return {
        "customers": rows.height,
        "outcomes": outcomes,
        "alerts": alerted.height,
        "hits": hits,
        "misses": outcomes - hits,
        "false_alarms": int((~unacted["outcome"]).sum()),
        "acted_on": alerted.height - unacted.height,
        "acted_on_and_averted": int((alerted["acted"] & ~alerted["outcome"]).sum()),
        "precision": precision,
        "precision_where_nobody_acted": told_share(int(unacted["outcome"].sum()), unacted.height),
        "recall": told_share(hits, outcomes),
        "promised_precision": promised,
        "kept": _kept(precision, promised),
    }


def _kept(precision: dict[str, float], promised: Any) -> str:  # noqa: ANN401 - a mean of polars, a number or nothing
    """Say whether the promise was kept, as far as so many alerts can tell."""
    if promised is None or not precision["of"]:
        return "not promised" if precision["of"] else "no alert"
    if precision["high"] < promised:
        return "worse than promised"
    return "better than promised" if precision["low"] > promised else "as promised"
