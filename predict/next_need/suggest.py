"""The next best action: detect, assess, recommend, prioritise.

*Detected* is the need that came up (`predict.next_need.detect`). *Assessed* is every action that fits: the need is
among its needs, it is valid at the instant, it costs no more of the margin than the limit, and the customer may be
reached by one of its channels (unknown means no). *Recommended* is one of them, or nothing, by lot with the chances of
`predict.next_need.belief`; the chance is told, to be logged. *Prioritised* is by what is expected beyond doing nothing:

    share who buy * (margin - cost of the action) - cost of the contact - share who buy unasked * margin
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from predict.errors import FrameRefused
from predict.frames import AS_OF, PSEUDONYM, Vector
from predict.next_need.action import NOTHING, Action, ActionCatalogue
from predict.next_need.belief import chances

OPTIONS, SEPARATOR = "options", "|"
COLUMNS: Final = (
    PSEUDONYM,
    AS_OF,
    "need",
    "action",
    "channel",
    "propensity",
    OPTIONS,
    "expected_value_minor",
    "because",
)
_NONE: Final = ""
_CELL: Final = "cell"


class Because(StrEnum):
    """Why an action is recommended, or none is."""

    RECOMMENDED = "recommended"
    NO_NEED = "nothing came up"
    NO_ACTION = "no action fits"
    NO_CHANNEL = "no channel allowed"
    NOTHING_DRAWN = "nothing is done, to compare with"


def suggest(
    customers: pl.DataFrame, catalogue: ActionCatalogue, believed: pl.DataFrame, *, at: datetime, seed: int
) -> pl.DataFrame:
    """Recommend an action to each customer of whom a need came up.

    Args:
        customers: pseudonym, as_of, need (null: none) and `reach_CHANNEL` (Boolean) for each channel; `answers_CHANNEL`
            (share answered) if known, else the channel named first is taken.
        catalogue: what may be done.
        believed: as `predict.next_need.belief.beliefs` gives it.
        at: the instant; an action is valid by its day in UTC.
        seed: draws; the same seed and rows give the same answer, whatever their order.

    Returns:
        pseudonym, as_of, need, action (`nothing` where none is recommended), channel, propensity (chance with which the
        action was chosen), options (what could have been, separated by `|`), expected_value_minor, because.

    Raises:
        FrameRefused: a column is missing.
    """
    rows = _assessed(customers, catalogue, at)
    table = _chances_by_cell(rows, catalogue, believed, seed)
    return _drawn(rows, table, seed).select(*COLUMNS)


def prioritise(suggested: pl.DataFrame, *, capacity: int) -> pl.DataFrame:
    """Keep the recommendations of highest expected value, as many as can be looked after; ties go by pseudonym."""
    made = suggested.filter(pl.col("because") == Because.RECOMMENDED.value)
    return made.sort("expected_value_minor", PSEUDONYM, descending=[True, False]).head(capacity)


def _assessed(customers: pl.DataFrame, catalogue: ActionCatalogue, at: datetime) -> pl.DataFrame:
    """Name each customer's options and their channels; customers of the same need, options and channels are a cell."""
    for name in (PSEUDONYM, AS_OF, "need", *(f"reach_{way}" for way in catalogue.channels)):
        if name not in customers.columns:
            raise FrameRefused(name, "is missing", "give the columns that `suggest` names")
    usable = [one for one in catalogue.actions if one.valid_from <= at.date() < one.valid_until]
    reached = [_way(one, customers.columns).alias(f"way_{one.name}") for one in usable]
    rows = customers.sort(AS_OF, PSEUDONYM).with_columns(reached)
    fitting = [_fits(one, catalogue).alias(f"fits_{one.name}") for one in usable]
    rows = rows.with_columns(fitting)
    listed = [
        pl.when(pl.col(f"fits_{one.name}") & pl.col(f"way_{one.name}").is_not_null()).then(pl.lit(one.name))
        for one in usable
    ]
    options = pl.concat_str(listed, separator=SEPARATOR, ignore_nulls=True) if listed else pl.lit(_NONE)
    anything = pl.any_horizontal(f"fits_{one.name}" for one in usable) if usable else pl.lit(value=False)
    named = [pl.col(f"way_{one.name}").fill_null(_NONE) for one in usable]
    ways = pl.concat_str(named, separator=SEPARATOR) if named else pl.lit(_NONE)
    return rows.with_columns(
        options.alias(OPTIONS),
        anything.alias("anything"),
        pl.concat_str(pl.col("need").fill_null(_NONE), options, ways, separator="\n").alias(_CELL),
    )


def _way(action: Action, columns: list[str]) -> pl.Expr:
    """Name the allowed channel of an action in which most is answered; of equals the one named first."""
    rates = []
    for way in action.channels:
        allowed = pl.col(f"reach_{way}").fill_null(value=False)
        answers = pl.col(f"answers_{way}").fill_null(0.0) if f"answers_{way}" in columns else pl.lit(0.0)
        rates.append(pl.when(allowed).then(answers))
    best = pl.max_horizontal(rates)
    return pl.coalesce(
        [pl.when(rate == best).then(pl.lit(way)) for rate, way in zip(rates, action.channels, strict=True)]
    )


def _fits(action: Action, catalogue: ActionCatalogue) -> pl.Expr:
    most = {need: catalogue.margin_limit * margin for need, margin in catalogue.margins.items()}
    affordable = [need for need in action.needs if action.cost_minor <= most[need]]
    return pl.col("need").is_in(affordable).fill_null(value=False)


def _chances_by_cell(rows: pl.DataFrame, catalogue: ActionCatalogue, believed: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Work out the chances once for all customers of a cell: cell, action, propensity, from, until, expected value."""
    known = {(need, action): (a, b) for need, action, a, b in believed.select("need", "action", "a", "b").iter_rows()}
    by_name = {one.name: one for one in catalogue.actions}
    first = rows.filter(pl.col(OPTIONS) != _NONE).unique(_CELL, keep="first", maintain_order=True)
    found = []
    for cell in first.iter_rows(named=True):  # a cell is a kind of customer, not a customer
        need, options = cell["need"], cell[OPTIONS].split(SEPARATOR)
        margin = catalogue.margins[need]
        named = [cell[f"way_{name}"] for name in options]
        worth = np.array(
            [
                (margin, 0),
                *(
                    (margin - by_name[name].cost_minor, catalogue.channels[way])
                    for name, way in zip(options, named, strict=True)
                ),
            ],
            dtype=np.float64,
        )
        ab = [known[need, name] for name in (NOTHING, *options)]
        chance = chances(ab, worth, catalogue, seed=seed)
        share = np.array([a / (a + b) for a, b in ab])
        value = share * worth[:, 0] - worth[:, 1]
        upper = chance.cumsum()
        found += [
            (cell[_CELL], name, way, float(chance[at]), float(upper[at] - chance[at]), float(value[at] - value[0]))
            for at, (name, way) in enumerate([(NOTHING, None), *zip(options, named, strict=True)])
        ]
    kinds = {_CELL: pl.String, "action": pl.String, "channel": pl.String, "propensity": pl.Float64, "above": pl.Float64}
    return pl.DataFrame(found, schema=kinds | {"expected_value_minor": pl.Float64}, orient="row")


def _drawn(rows: pl.DataFrame, table: pl.DataFrame, seed: int) -> pl.DataFrame:
    lot: Vector = np.random.default_rng([seed, 1]).random(rows.height)
    placed = rows.with_columns(lot=pl.Series(lot)).with_row_index("row").sort("lot")
    chosen = placed.join_asof(table.sort("above"), left_on="lot", right_on="above", by=_CELL, check_sortedness=False)
    because = (
        pl.when(pl.col("need").is_null())
        .then(pl.lit(Because.NO_NEED.value))
        .when(~pl.col("anything"))
        .then(pl.lit(Because.NO_ACTION.value))
        .when(pl.col(OPTIONS) == _NONE)
        .then(pl.lit(Because.NO_CHANNEL.value))
        .when(pl.col("action") == NOTHING)
        .then(pl.lit(Because.NOTHING_DRAWN.value))
        .otherwise(pl.lit(Because.RECOMMENDED.value))
    )
    return chosen.sort("row").with_columns(
        because.alias("because"), pl.col("action").fill_null(NOTHING), pl.col("propensity").fill_null(1.0)
    )
