"""Say of each customer why he left, how strongly the rules speak, and which clues were met.

The diagnosis frame (one row per row of the scoring frame, sorted by as_of and pseudonym):

| column | type | meaning |
|---|---|---|
| pseudonym, as_of | as given | who and at which cut |
| reason | String | a `predict.winback.leaving.Leaving` |
| strength | Float64 | share of the known clues' points that are met, 0 to 1; 0 where too few are known |
| second | String | the next strongest reason that speaks, null if none |
| clues | List(String) | features of the clues that were met, the weightiest first |

A reason speaks from `SPEAKS` on, half of what is known points to it, and only where more than `HEARD`, a third, of its
points are about features that are known: one weak clue alone is no reason. The strongest wins; of equals the one that
stands first in the rules. A feature that the frame lacks, or that is null, neither speaks for a reason nor against it;
`missing_clues` names those that the frame lacks.
"""

from collections.abc import Sequence

import polars as pl

from predict.frames import AS_OF, PSEUDONYM, check_scoring, ordered
from predict.winback.leaving import Clue, Leaving, Rule

SPEAKS = 0.5
HEARD = 1 / 3
REASON = "reason"
STRENGTH = "strength"
HAIR = 1e-9  # far below any share of points

_UNKNOWN = pl.lit(Leaving.UNKNOWN.value)
_NO_CLUES = pl.lit([], dtype=pl.List(pl.String))


def diagnose(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Apply the rules to a scoring frame of any row order.

    Raises:
        FrameRefused: the frame does not keep its contract.
    """
    check_scoring(frame)
    usable = _usable(frame, rules)
    rows = ordered(frame)
    if not usable:
        nothing = pl.lit(None, dtype=pl.String)
        told = (_UNKNOWN.alias(REASON), pl.lit(0.0).alias(STRENGTH), nothing.alias("second"), _NO_CLUES.alias("clues"))
        return rows.select(PSEUDONYM, AS_OF, *told)
    points = {rule.reason: sum(clue.points for clue in rule.clues) for rule in rules}
    rows = rows.with_columns(_strength(rule, of=points[rule.reason]).alias(rule.reason.value) for rule in usable)
    first, second = _ranked(usable)
    rows = rows.with_columns(
        first.fill_null(_UNKNOWN).alias(REASON),
        second.alias("second"),
        pl.max_horizontal(rule.reason.value for rule in usable).alias(STRENGTH),
    )
    return rows.select(PSEUDONYM, AS_OF, REASON, STRENGTH, "second", _met_of(usable).alias("clues"))


def missing_clues(frame: pl.DataFrame, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Name the features that rules ask for and the frame lacks."""
    wanted = {clue.feature for rule in rules for clue in rule.clues}
    return tuple(sorted(wanted - set(frame.columns)))


def _usable(frame: pl.DataFrame, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    kept = []
    for rule in rules:
        clues = tuple(clue for clue in rule.clues if clue.feature in frame.columns)
        if clues:
            kept.append(Rule(rule.reason, clues))
    return tuple(kept)


def _met(clue: Clue) -> pl.Expr:
    """Say whether the clue is met; null where the feature is not known."""
    value = pl.col(clue.feature).cast(pl.Float64).fill_nan(None)
    above = pl.lit(value=True) if clue.at_least is None else value >= clue.at_least
    below = pl.lit(value=True) if clue.at_most is None else value <= clue.at_most
    return pl.when(value.is_not_null()).then(above & below)


def _strength(rule: Rule, *, of: float) -> pl.Expr:
    """Give the share of known points that are met, 0 where too few of all its points (`of`) are known."""
    met = [_met(clue) for clue in rule.clues]
    points = [clue.points for clue in rule.clues]
    scored = pl.sum_horizontal(one.fill_null(value=False) * each for one, each in zip(met, points, strict=True))
    known = pl.sum_horizontal(one.is_not_null() * each for one, each in zip(met, points, strict=True))
    return pl.when(known > HEARD * of).then(scored / known).otherwise(0.0)


def _ranked(rules: tuple[Rule, ...]) -> tuple[pl.Expr, pl.Expr]:
    """Give the strongest reason that speaks and the next; a hair's breadth settles ties by the order of the rules."""
    names = [rule.reason.value for rule in rules]
    heard = [pl.when(pl.col(name) >= SPEAKS).then(pl.col(name) - HAIR * place) for place, name in enumerate(names)]
    best = pl.max_horizontal(heard)
    next_best = pl.max_horizontal(pl.when(one < best).then(one) for one in heard)
    return _named(names, heard, best), _named(names, heard, next_best)


def _named(names: Sequence[str], heard: Sequence[pl.Expr], wanted: pl.Expr) -> pl.Expr:
    """Name the reason that was heard at the wanted strength; null where none was."""
    return pl.coalesce(pl.when(one == wanted).then(pl.lit(name)) for name, one in zip(names, heard, strict=True))


def _met_of(rules: tuple[Rule, ...]) -> pl.Expr:
    """List the met clues of the reason that won."""
    found = _NO_CLUES
    for rule in rules:
        weighty = sorted(rule.clues, key=lambda clue: -clue.points)
        named = pl.concat_list(pl.when(_met(clue)).then(pl.lit(clue.feature)) for clue in weighty).list.drop_nulls()
        found = pl.when(pl.col(REASON) == rule.reason.value).then(named).otherwise(found)
    return found
