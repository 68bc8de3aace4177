"""What is said of each former customer before anybody writes: why, whom a contact changes, and what to offer.

What customers stated stands before what clues say (`stated`); how far the two agree is told.
Uplift comes from a trial (`predict.uplift`) where one is there: a campaign with a hold-out whose outcome is known.
Without one nobody knows whether contacting works; the playbook's assumption is used, the same for all, and said so.

    value = (amount of three years / 36 + monthly amount of a contract) * discounted months * margin

is the contribution of the months that the playbook counts, as it was before leaving, in minor units: of each month to
come what one unit of money is worth today in its middle (`predict.value.lifetime.Terms`). A margin may be of a group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from predict.errors import TooFewCustomers
from predict.evaluate import Interval
from predict.frames import AS_OF, PSEUDONYM, feature_names, matrix_of, ordered, tells_apart
from predict.levels import is_level
from predict.uplift.evidence import Verdict
from predict.uplift.model import Learnt, learn_uplift
from predict.uplift.trial import trial_of
from predict.value.lifetime import Terms
from predict.value.margin_shares import shares_of, unknown_levels
from predict.value.margins import Margins
from predict.winback.agreement import kappa_interval
from predict.winback.clusters import cluster
from predict.winback.diagnosis import REASON, diagnose, missing_clues
from predict.winback.leaving import Leaving
from predict.winback.offers import recommend
from predict.winback.playbook import Playbook

STATED: Final = "lost_reason"
AMOUNT: Final = "amount_1095d"
MONTHLY: Final = "monthly_amount"
_MONTHS: Final = 36  # of the amount of three years
_OPEN: Final = "open_tickets"
_LEAST_TOLD: Final = 30  # customers who stated a reason: fewer agree or disagree by accident
_LEAST_GROUPED: Final = 100
_DEALS: Final = 1  # of cross-fitting: what a person waits for; the campaign's own figures come from its arms
MEANT: Final[Mapping[str, Leaving]] = {
    "price": Leaving.PRICE_SENSITIVE,
    "service": Leaving.SERVICE_FRUSTRATED,
    "product": Leaving.FEATURE_SEEKING,
    "missing_function": Leaving.FEATURE_SEEKING,
    "competitor": Leaving.LURED_AWAY,
    "no_need": Leaving.DRIFTING,
}
"""Which reason of ours a stated one means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """By which rules, at which instant (offers are valid by its day), and the seed of every draw."""

    playbook: Playbook
    at: datetime
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """One row a customer (`rows`), and what holds for all of them (`told`, plain JSON values)."""

    rows: pl.DataFrame
    told: dict[str, Any]


def former(frame: pl.DataFrame, reach: pl.DataFrame, trial: pl.DataFrame | None, asked: Asked) -> Former:
    """Diagnose, weigh and recommend.

    Args:
        frame: a scoring frame of the view of former customers; text columns are levels.
        reach: pseudonym and `reach_NAME` for the playbook's channels, as the hub decided; unknown is no.
        trial: such a frame of an earlier campaign with `treated` and `responded`; None: there was none.
        asked: the company's rules, the instant and the seed.

    Returns:
        `rows`: those of `diagnose`, with uplift, returning, value_minor and those of `recommend`.
    """
    playbook, seed = asked.playbook, asked.seed
    numbers = frame.drop(name for name, kind in frame.schema.items() if is_level(kind))
    clued = diagnose(numbers, playbook.rules)
    found = _with_stated(clued, frame)
    learnt, why = _learnt(trial, seed)
    worth = _value(frame, playbook.terms.value)
    customers = (
        found.join(numbers, on=[PSEUDONYM, AS_OF], how="left", maintain_order="left")
        .join(reach, on=PSEUDONYM, how="left", maintain_order="left")
        .with_columns(_effects(numbers, learnt, playbook))
        .with_columns(
            value_minor=pl.lit(worth),
            open_complaint=pl.col(_OPEN) > 0 if _OPEN in numbers.columns else pl.lit(None, dtype=pl.Boolean),
        )
    )
    made = recommend(_with_reach(customers, playbook), playbook.offers, at=asked.at)
    kept = customers.select(*found.columns, "uplift", "returning", "value_minor")
    rows = kept.join(made, on=[PSEUDONYM, AS_OF], how="left", maintain_order="left")
    told = {
        "customers": rows.height,
        "reasons": _reasons(rows),
        "missing_clues": list(missing_clues(numbers, playbook.rules)),
        "agreement": _agreement(clued, frame, seed),
        "groups": _groups(numbers, seed),
        "uplift": _told(learnt, why, playbook),
        "unknown_levels": list(unknown_levels(frame, playbook.terms.value)),
        "because": dict(rows["because"].value_counts(sort=True).iter_rows()),
    }
    return Former(rows=rows, told=told)


def _with_stated(found: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Let what a customer stated stand before what clues say; `stated` says which it is."""
    if STATED not in frame.columns:
        return found.with_columns(stated=pl.lit(value=False))
    both = found.join(_meant(frame), on=[PSEUDONYM, AS_OF], how="left", maintain_order="left")
    said = pl.col("meant").is_not_null()
    return both.with_columns(pl.coalesce("meant", REASON).alias(REASON), stated=said).drop("meant")


def _meant(frame: pl.DataFrame) -> pl.DataFrame:
    stated = pl.col(STATED).cast(pl.String)
    meant = stated.replace_strict(
        {word: one.value for word, one in MEANT.items()}, default=None, return_dtype=pl.String
    )
    return frame.select(PSEUDONYM, AS_OF, meant=meant)


def _learnt(trial: pl.DataFrame | None, seed: int) -> tuple[Learnt | None, str]:
    if trial is None or trial.is_empty():
        return None, "no campaign with a hold-out has had its whole window yet"
    try:
        numbers = trial.drop(name for name, kind in trial.schema.items() if is_level(kind))
        return learn_uplift(trial_of(numbers), seed=seed, deals=_DEALS), ""
    except TooFewCustomers as exc:
        return None, str(exc)


def _effects(numbers: pl.DataFrame, learnt: Learnt | None, playbook: Playbook) -> tuple[pl.Expr, pl.Expr]:
    """Give `uplift` and `returning`; of a trial the effect of each, else what the playbook assumes of everybody."""
    terms = playbook.terms
    if learnt is None or learnt.evidence.verdict is Verdict.NOBODY:
        effect = 0.0 if learnt else terms.assumed_uplift
        return pl.lit(effect).alias("uplift"), pl.lit(terms.assumed_return).alias("returning")
    rows = ordered(numbers)
    uplift = learnt.model.score(matrix_of(rows, learnt.model.names))
    return (
        pl.lit(pl.Series(uplift)).alias("uplift"),
        pl.lit(pl.Series(np.clip(terms.assumed_return + uplift, 0.0, 1.0))).alias("returning"),
    )


def _value(frame: pl.DataFrame, margins: Margins) -> pl.Series:
    """Give the contribution of the months that count, a row a customer in order; of orders by three years' mean."""
    counted = float(Terms(months=margins.months, yearly_discount=margins.yearly_discount).weights.sum())
    shares = {AMOUNT: counted / _MONTHS, MONTHLY: counted}
    rows = ordered(frame)
    known = [pl.col(name).cast(pl.Float64).fill_null(0.0) * of for name, of in shares.items() if name in rows.columns]
    return rows.select(pl.sum_horizontal(pl.lit(0.0), *known)).to_series() * pl.Series(shares_of(rows, margins))


def _with_reach(customers: pl.DataFrame, playbook: Playbook) -> pl.DataFrame:
    absent = [f"reach_{one.name}" for one in playbook.offers.channels if f"reach_{one.name}" not in customers.columns]
    return customers.with_columns(pl.lit(value=False).alias(name) for name in absent)


def _reasons(rows: pl.DataFrame) -> list[dict[str, Any]]:
    counted = rows.group_by(REASON).agg(customers=pl.len(), strength=pl.col("strength").mean())
    return counted.sort("customers", REASON, descending=[True, False]).to_dicts()


def _agreement(found: pl.DataFrame, frame: pl.DataFrame, seed: int) -> dict[str, Any]:
    """Hold clues against stated reasons: Cohen's kappa with its interval, of those who stated one of ours."""
    if STATED not in frame.columns:
        return {"of": 0, "kappa": None, "why": "the view has no stated reasons"}
    said = frame.select(
        PSEUDONYM, AS_OF, meant=pl.col(STATED).cast(pl.String).replace_strict(dict(MEANT), default=None)
    )
    both = found.join(said, on=[PSEUDONYM, AS_OF]).drop_nulls("meant").filter(pl.col(REASON) != Leaving.UNKNOWN.value)
    if both.height < _LEAST_TOLD:
        return {"of": both.height, "kappa": None, "why": f"fewer than {_LEAST_TOLD} stated a reason that clues name"}
    agreed = kappa_interval(both[REASON].to_numpy().astype(str), both["meant"].to_numpy().astype(str), seed=seed)
    return {"of": both.height, "kappa": _interval(agreed)}


def _groups(numbers: pl.DataFrame, seed: int) -> dict[str, Any]:
    """Look for groups without any rule, and say whether they would be found again."""
    names = feature_names(numbers)
    raw = matrix_of(ordered(numbers), names)
    telling = tells_apart(raw) if raw.shape[0] >= _LEAST_GROUPED else np.zeros(len(names), dtype=np.bool_)
    if not telling.any():
        return {"believed": False, "why": f"fewer than {_LEAST_GROUPED} customers, or nothing tells them apart"}
    kept = tuple(name for name, one in zip(names, telling, strict=True) if one)
    parted = cluster(raw[:, telling], kept, seed=seed)
    sizes = np.bincount(parted.groups, minlength=parted.count)
    groups = [
        {"customers": int(size), "marks": [{"feature": name, "deviation": value} for name, value in marks]}
        for size, marks in zip(sizes, parted.marks, strict=True)
    ]
    stability = {"stability": _interval(parted.stability), "noise": _interval(parted.noise)}
    return {"believed": parted.believed, "groups": groups, **stability}


def _told(learnt: Learnt | None, why: str, playbook: Playbook) -> dict[str, Any]:
    if learnt is None:
        return {"verdict": "no evidence", "why": why, "assumed": playbook.terms.assumed_uplift}
    evidence = learnt.evidence
    return {
        "verdict": evidence.verdict.value,
        "customers": evidence.customers,
        "learner": learnt.learner.value,
        "effect": _interval(evidence.effect),
        "q": _interval(evidence.q),
        "response_q": _interval(evidence.response_q),
        "remarks": list(learnt.remarks),
    }


def _interval(one: Interval) -> dict[str, float | None]:
    told = {"figure": one.figure, "low": one.low, "high": one.high}
    return {name: value if np.isfinite(value) else None for name, value in told.items()}
