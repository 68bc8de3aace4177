"""Alerts over the months of a training, as a team would have got them: by models that knew no more than was known then.

Every validation cut was judged by a model of the cuts known at that time (`predict.split`). Its alerts, cut after cut,
are judged by `predict.alerts`: at the capacity that was asked for, and at so many that there are `ALERTS_A_DEPARTURE`
for each real departure, which is comparable between businesses. An alert stands for two horizons.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final

import polars as pl

from predict.alerts import ALERTS_A_DEPARTURE, Watch, departures_of, raised, told
from predict.choose import Table
from predict.declaration import Declaration
from predict.explain import Explained
from predict.frames import AS_OF, PSEUDONYM
from predict.likelihood.figures import capacity_of
from predict.module import Brief
from predict.split import COMPARED, Rows, Split, SplitKind

STANDS: Final = 2
"""Horizons that an alert stands: who leaves a little later than was foretold was warned of, too."""
LEAST_CUTS: Final = 3


def warnings(
    rows: pl.DataFrame, table: Table, split: Split, models: Sequence[Explained], *, asked: tuple[Declaration, Brief]
) -> dict[str, Any]:
    """Judge the alerts of the validation cuts; nothing where time did not split them, or there are too few.

    Args:
        rows: the ordered training frame.
        table: its columns laid out.
        split: its folds, one a cut.
        models: the model that judges each fold.
        asked: the module and the brief.
    """
    declared, brief = asked
    last = max(rows[AS_OF].unique().to_list())
    watch = Watch(until=last + timedelta(days=brief.horizon_days), within_days=STANDS * brief.horizon_days)
    if split.kind is not SplitKind.TEMPORAL:
        return {}
    chosen = _followed(rows, seed=brief.seed)
    keys = rows.select(PSEUDONYM, AS_OF, followed=pl.col(PSEUDONYM).is_in(chosen.implode()))
    scores = pl.concat(_scored(keys, table, fold.judge, model) for fold, model in zip(split.folds, models, strict=True))
    judged = scores.filter(pl.col(AS_OF) + watch.within <= watch.until)
    cuts = judged[AS_OF].n_unique()
    if cuts < LEAST_CUTS:
        return {}
    labelled = rows.select(PSEUDONYM, AS_OF, declared.label.name).filter(keys["followed"])
    departures = departures_of(labelled, declared.label.name, horizon_days=brief.horizon_days)
    due = told(scores.clear(), scores, departures, watch)["departures"]
    room = {
        "at_capacity": capacity_of(judged.height // cuts, brief),
        "at_departures": max(1, ceil(ALERTS_A_DEPARTURE * due / cuts)),
    }
    found = {name: raised(scores, watch, capacity=capacity) for name, capacity in room.items()}
    return {name: told(alerts, scores, departures, watch) | {"a_cut": room[name]} for name, alerts in found.items()}


def _followed(rows: pl.DataFrame, *, seed: int) -> pl.Series:
    """Draw whole customers, so that each is followed over all cuts."""
    customers = rows[PSEUDONYM].unique().sort()
    return customers if customers.len() <= COMPARED else customers.sample(COMPARED, seed=seed)


def _scored(keys: pl.DataFrame, table: Table, judge: Rows, model: Explained) -> pl.DataFrame:
    here = keys[judge].with_columns(row=pl.Series(judge)).filter("followed")
    odds = model.log_odds(table.raw[here["row"].to_numpy()])
    return here.select(PSEUDONYM, AS_OF, probability=pl.Series(odds, dtype=pl.Float64))
