"""Find the generalisation that reaches k with the least loss, by looking at every combination that could be it.

Loss is the normalised certainty penalty (Xu et al., "Utility-based anonymization using local recoding", 2006): for each
row and quasi-identifier how much of the attribute's spread its released value stands for: width of the interval over
the whole range, or for levels their number over all levels, 0 for an exact value. A row whose quasi-identifiers are
hidden, and a quasi-identifier that is left out, have lost all: 1. It is averaged over rows and quasi-identifiers.

A combination loses at least what its rungs lose by themselves, which needs one pass a rung; combinations are tried in
the order of that bound, until the bound passes the best loss found. So the answer is the best there is on the ladders,
though only few combinations are grouped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

import polars as pl

from hub.inspection.ladder import Rung, spread_of

MOST_HIDDEN: Final = 0.01
"""A proposal hides at most this share of rows: generalisation that hides many is suppression by another name."""
_MOST_COMBINATIONS: Final = 4_096
_FEWEST_COMBINATIONS: Final = 64
_MOST_GROUPED: Final = 40_000_000
"""So many distinct rows are grouped in all, some tens of seconds: many distinct rows, fewer combinations."""
_ROWS: Final = "__rows"
_LOSS: Final = "__loss"
Ladders = Mapping[str, Sequence[Rung]]
Place = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a combination of rungs comes to: its loss, from 0 to 1, and the share of rows that k hides."""

    rungs: tuple[Rung, ...]
    loss: float
    hidden: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The spec's own combination beside the best one; `tried` of `combinations` were grouped."""

    own: Reached
    best: Reached
    combinations: int
    tried: int


def least_loss(exact: pl.DataFrame, ladders: Ladders, *, k: int) -> Proposal:
    """Search the ladders; `exact` has the quasi-identifiers of every row, and every ladder ends with leaving it out.

    Leaving all of them out hides nobody, so there always is an answer.
    """
    distinct = exact.select(list(ladders)).unique().height
    most = max(_FEWEST_COMBINATIONS, min(_MOST_COMBINATIONS, _MOST_GROUPED // max(1, distinct)))
    search = _Search(exact, _bounded(ladders, most), k)
    own = search.reached(tuple(0 for _ in ladders))
    best, tried = (own if own.hidden <= MOST_HIDDEN else None), 1
    places = sorted(search.places(), key=lambda place: (search.bound(place), place))
    for place in places:
        if best is not None and search.bound(place) >= best.loss:
            break
        found, tried = search.reached(place), tried + 1
        if found.hidden <= MOST_HIDDEN and (best is None or found.loss < best.loss):
            best = found
    return Proposal(own=own, best=best or own, combinations=len(places), tried=tried)


class _Search:
    """The distinct combinations of exact values with how many rows have them, under every rung of every ladder."""

    def __init__(self, exact: pl.DataFrame, ladders: Ladders, k: int) -> None:
        self._ladders = ladders
        self._k = k
        self._height = exact.height
        combined = exact.select(list(ladders)).group_by(list(ladders)).len(_ROWS)
        columns = [pl.col(_ROWS)]
        for name, rungs in ladders.items():
            dtype = exact.schema[name]
            columns += [rung.value(dtype).alias(_code(name, place)) for place, rung in enumerate(rungs)]
        coded = pl.concat([combined, combined.select(columns[1:])], how="horizontal")
        self._losses = coded.select(
            penalty(coded, name, _code(name, place), rung).alias(_code(name, place))
            for name, rungs in ladders.items()
            for place, rung in enumerate(rungs)
        )
        self._coded = coded
        self._bounds = {name: self._mean_losses(name) for name in ladders}

    def _mean_losses(self, name: str) -> list[float]:
        weights = self._coded[_ROWS]
        losses = (self._losses[_code(name, place)] for place in range(len(self._ladders[name])))
        return [float((loss * weights).sum()) / max(1, self._height) for loss in losses]

    def places(self) -> Iterator[Place]:
        """Return every combination of rungs."""
        return product(*(range(len(rungs)) for rungs in self._ladders.values()))

    def bound(self, place: Place) -> float:
        """Return what a combination loses before anybody is hidden."""
        means = [self._bounds[name][rung] for name, rung in zip(self._ladders, place, strict=True)]
        return sum(means) / max(1, len(means))

    def reached(self, place: Place) -> Reached:
        """Group by a combination, hide what is below k as a release does, and add up."""
        chosen = {name: self._ladders[name][rung] for name, rung in zip(self._ladders, place, strict=True)}
        codes = [_code(name, rung) for name, rung in zip(self._ladders, place, strict=True)]
        shown = [code for code, rung in zip(codes, chosen.values(), strict=True) if rung.feature is not None]
        lost = self._losses.select(pl.mean_horizontal(*codes).alias(_LOSS)) if codes else pl.DataFrame({_LOSS: []})
        rows = pl.concat([self._coded.select(*shown, _ROWS), lost], how="horizontal")
        hidden, loss = _hidden(rows, shown, self._k)
        return Reached(
            rungs=tuple(chosen.values()),
            loss=loss / max(1, self._height),
            hidden=hidden / max(1, self._height),
        )


def penalty(coded: pl.DataFrame, name: str, code: str, rung: Rung) -> pl.Expr:
    """Return the normalised certainty penalty of each row: `name` is the exact value, `code` the released one."""
    if rung.feature is None:
        return pl.lit(1.0)
    value, same = pl.col(name), pl.col(code)
    if coded.schema[name].is_numeric():
        width = value.max().over(same) - value.min().over(same)
        lost = width / (spread_of(coded[name]) or 1.0)
    else:
        kinds, every = value.drop_nulls().n_unique().over(same), coded[name].drop_nulls().n_unique()
        lost = pl.when(kinds > 1).then(kinds / max(1, every)).otherwise(0.0)
    return pl.when(value.is_null()).then(0.0).otherwise(lost).fill_null(0.0)


def _hidden(rows: pl.DataFrame, shown: Sequence[str], k: int) -> tuple[int, float]:
    """Return how many rows are hidden and the loss of all, by the rule of `privacy.minimisation.hide_groups_below`."""
    every = rows.select((pl.col(_LOSS) * pl.col(_ROWS)).sum()).item()
    if not shown or k <= 1:
        return 0, float(every)
    empty = pl.all_horizontal(pl.col(code).is_null() for code in shown)
    groups = (
        rows.group_by(shown)
        .agg(size=pl.col(_ROWS).cast(pl.Int64).sum(), lost=(pl.col(_LOSS) * pl.col(_ROWS)).sum())
        .with_columns(empty=empty)
        .sort(["empty", "size", *shown], descending=[True, False, *[False] * len(shown)])
        .with_columns(before=pl.col("size").cum_sum() - pl.col("size"))
    )
    before = pl.col("before")
    hides = pl.col("empty") | (pl.col("size") < k) | ((before > 0) & (before < k))
    hidden = groups.filter(hides)
    return int(hidden["size"].sum()), float(every) - float(hidden["lost"].sum()) + float(hidden["size"].sum())


def _bounded(ladders: Ladders, most: int) -> Ladders:
    """Take every second middle rung of the longest ladder away until the combinations are few enough to look at."""
    kept = {name: list(rungs) for name, rungs in ladders.items()}
    while prod(map(len, kept.values())) > most:
        longest = max(kept, key=lambda name: len(kept[name]))
        first, *middle, last = kept[longest]
        if not middle:
            break
        kept[longest] = [first, *middle[1::2], last]
    return kept


def _code(name: str, place: int) -> str:
    return f"{name}@{place}"
