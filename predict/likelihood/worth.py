"""What each source of data is worth: how much worse the model ranks without it, on customers it has not seen.

A family of signals is one canonical table (orders, usage, tickets ...). Its columns are emptied, as if nobody had
delivered the source, the same recipe is fitted again, and both models are judged by the same test customers. At most
`TEACH` rows teach and `JUDGE` rows judge, drawn by the seed: a loss that such numbers do not show is no loss.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from predict import evaluate
from predict.choose import Fit, Table
from predict.module import Brief
from predict.split import Split, thinned

TEACH: Final = 50_000
JUDGE: Final = 20_000
DRAWS: Final = 100


def losses(
    table: Table, split: Split, brief: Brief, *, recipe: Callable[[Table], Fit], absent: list[str]
) -> list[dict[str, Any]]:
    """Give for each family its columns, those that are missing, and the AUC lost without it; the dearest first."""
    if not brief.families:
        return []
    teach, judge = thinned(split.teach, TEACH, seed=brief.seed), thinned(split.test, JUDGE, seed=brief.seed)
    outcome = table.outcome[judge]
    full = recipe(table)(teach).log_odds(table.raw[judge])
    told = []
    for family in sorted({one for names in brief.families.values() for one in names}):
        of_it = [name for name, families in brief.families.items() if family in families]
        positions = [table.names.index(name) for name in of_it if name in table.names]
        entry: dict[str, Any] = {"family": family, "columns": sorted(of_it)}
        entry["missing"] = sorted(name for name in of_it if name in absent)
        if positions:
            without = _emptied(table, positions)
            scores = (full, recipe(without)(teach).log_odds(without.raw[judge]))
            lost = evaluate.difference(evaluate.auc, outcome, scores, seed=brief.seed, draws=DRAWS)
            entry["auc_lost"] = {"figure": lost.figure, "low": lost.low, "high": lost.high, "of": int(judge.size)}
        told.append(entry)
    return sorted(told, key=lambda one: -one.get("auc_lost", {"figure": -1.0})["figure"])


def _emptied(table: Table, positions: list[int]) -> Table:
    """Return the table as it were if nobody had delivered some columns."""
    raw = table.raw.copy(order="K")
    raw[:, positions] = np.nan
    return replace(table, raw=raw)
