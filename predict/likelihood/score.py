"""Score customers: calibrated probability, interval, band by capacity and the reasons that raised it most.

The scores frame (one row per scored pseudonym, sorted by as_of and pseudonym):

| column | type | meaning |
|---|---|---|
| pseudonym, as_of | as given | who and at which cut |
| probability | Float64 | calibrated chance of the outcome within the model's horizon |
| low, high | Float64 | 90 % interval of the figure for customers with a like score (`predict.calibrate.wilson`) |
| band | String | `high`: as many as can be looked after; `medium`: as many again; `low`: the rest |
| reason_1..3 | String | code `group.direction`, null where nothing more raised it; facts before missing values |
| value_1..3 | Float64 | the customer's own value behind the reason |
| usual_1..3 | Float64 | what it is compared with: the own rhythm, else the median of all customers |

A reason is relative to the reference customer (every feature at its median) and says what the model weighed, not why
the customer behaves so.
"""

import numpy as np
import polars as pl

from predict.artefact import Artefact
from predict.calibrate import NEIGHBOURS, wilson
from predict.explain import REASONS, Group, groups_of, strongest
from predict.feature import known_levels
from predict.frames import AS_OF, PSEUDONYM, Matrix, Vector, check_scoring, ordered
from predict.likelihood.reasons import Citation, cite

DEFAULT_CAPACITY_SHARE = 0.1
BATCH = 100_000  # rows: bounds the memory of contributions, not the result


def score(artefact: Artefact, frame: pl.DataFrame, *, capacity: int | None = None) -> pl.DataFrame:
    """Score a scoring frame of any row order; a frame without rows gives a scores frame without rows.

    Args:
        artefact: a trained model of a yes/no outcome.
        frame: a scoring frame with at least the features of the model; a label column is ignored.
        capacity: how many customers of each cut can be looked after; None: one tenth.

    Raises:
        FrameRefused: the frame does not keep its contract or lacks a feature.
    """
    known = artefact.known(frame)
    check_scoring(known, known_levels(artefact.features))
    rows = ordered(known)
    raw = artefact.matrix(rows)
    groups = groups_of(artefact.model.names, artefact.features)
    pieces = [_weigh(artefact, raw[start : start + BATCH], groups) for start in range(0, max(1, rows.height), BATCH)]
    scored = rows.select(PSEUDONYM, AS_OF).with_columns(pl.concat(pieces))
    return scored.with_columns(_bands(capacity)).select(
        PSEUDONYM, AS_OF, "probability", "low", "high", "band", *reason_columns()
    )


def reason_columns() -> list[str]:
    """Name the reason columns in the order of the scores frame."""
    return [f"{kind}_{place}" for place in range(1, REASONS + 1) for kind in ("reason", "value", "usual")]


def _weigh(artefact: Artefact, raw: Matrix, groups: tuple[Group, ...]) -> pl.DataFrame:
    """Give probability, interval and reasons for some rows."""
    if not raw.shape[0]:
        return _nobody()
    probability = artefact.calibrator.probability(artefact.model.log_odds(raw))
    low, high = wilson(probability, min(artefact.calibrator.customers, NEIGHBOURS))
    parts = artefact.model.contributions(raw, tuple(group.positions for group in groups))
    cited = cite(artefact, raw, groups)
    absent = np.column_stack([one.absent for one in cited]) if cited else np.empty(parts.shape, dtype=np.bool_)
    chosen = strongest(parts, absent)[0]
    columns: dict[str, pl.Series] = {
        "probability": pl.Series(probability),
        "low": pl.Series(low),
        "high": pl.Series(high),
    }
    for place in range(REASONS):
        columns |= _citations(cited, chosen[:, place], place + 1)
    return pl.DataFrame(columns)


def _citations(
    cited: list[Citation], chosen: np.ndarray[tuple[int], np.dtype[np.int64]], place: int
) -> dict[str, pl.Series]:
    """Pick for each row what its chosen group says of it."""
    codes = np.full(chosen.size, -1, dtype=np.int64)
    values, usual = np.full(chosen.size, np.nan), np.full(chosen.size, np.nan)
    names: list[str] = []
    for position, citation in enumerate(cited):  # per group, not per row
        rows = np.flatnonzero(chosen == position)
        codes[rows] = citation.direction[rows] + len(names)
        values[rows], usual[rows] = citation.value[rows], citation.usual[rows]
        names.extend(citation.codes)
    words = pl.Series(names, dtype=pl.String)
    known = pl.Series(codes).replace(-1, None)
    return {
        f"reason_{place}": words.gather(known),
        f"value_{place}": _finite(values),
        f"usual_{place}": _finite(usual),
    }


def _finite(values: Vector) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _bands(capacity: int | None) -> pl.Expr:
    """Fill `high` from the top of each cut; equal probabilities are settled by pseudonym, never by row order."""
    place = pl.struct(-pl.col("probability"), PSEUDONYM).rank("ordinal").over(AS_OF)
    room = pl.lit(capacity) if capacity is not None else (pl.len().over(AS_OF) * DEFAULT_CAPACITY_SHARE).ceil()
    return (
        pl.when(place <= room)
        .then(pl.lit("high"))
        .when(place <= 2 * room)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
        .alias("band")
    )


def _nobody() -> pl.DataFrame:
    kinds = {"reason": pl.String, "value": pl.Float64, "usual": pl.Float64}
    schema = {"probability": pl.Float64, "low": pl.Float64, "high": pl.Float64} | {
        name: kinds[name.split("_")[0]] for name in reason_columns()
    }
    return pl.DataFrame(schema=schema)
