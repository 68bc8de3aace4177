"""How else a quasi-identifier could be released: steps, bands, a greatest value, fewer levels, not at all.

Every rung is something that a spec can say, and none is finer than what the spec says. Rungs need not nest (10 years
round otherwise than 5), so nothing is concluded from one rung about the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor, log10
from typing import Final, cast

import polars as pl

from hub.views.feature import OTHER_LEVEL, Aggregate, Feature, Shape
from hub.views.release import released

_NICE: Final = (1, 2, 5)
_MOST_STEPS: Final = 5
_PARTS: Final = (8, 4, 2)
_TOPS: Final = (0.99, 0.95, 0.9)
_KEPT: Final = (0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to release a feature: `feature` as the spec would have it, None if it is left out; and that in words."""

    name: str
    feature: Feature | None
    words: str
    is_own: bool = False

    def value(self, dtype: pl.DataType) -> pl.Expr:
        """Return the value that would leave, of an exact one of this type; null for all where nothing leaves."""
        if self.feature is None:
            return pl.lit(None, dtype=dtype).alias(self.name)
        if dtype == pl.String and isinstance(self.feature, Aggregate):
            known = pl.col(self.name).is_in(list(self.feature.levels))
            kept = pl.when(known | pl.col(self.name).is_null()).then(pl.col(self.name))
            return kept.otherwise(pl.lit(OTHER_LEVEL)).alias(self.name)
        return released(self.feature)


def ladder_of(feature: Feature, exact: pl.Series) -> tuple[Rung, ...]:
    """Return the spec's own rung first, then coarser ones, leaving the feature out last; `exact` are its values."""
    own = Rung(feature.name, feature, "as it is", is_own=True)
    gone = Rung(feature.name, None, "leave it out")
    if exact.dtype == pl.String and isinstance(feature, Aggregate):
        return (own, *_fewer_levels(feature, exact), gone)
    if exact.dtype.is_numeric() and exact.drop_nulls().n_unique() > 1:
        return (own, *_coarser(feature, exact.drop_nulls()), gone)
    return (own, gone)


def _fewer_levels(feature: Aggregate, exact: pl.Series) -> Iterator[Rung]:
    """Keep the most frequent levels; the rare ones become `other`, which is a level already."""
    counts = exact.drop_nulls().value_counts().sort(["count", exact.name], descending=[True, False])
    order = [level for level in counts[exact.name].to_list() if level != OTHER_LEVEL]
    order += [level for level in feature.levels if level not in order]  # levels that nobody has go first
    last = len(order)
    for share in _KEPT:
        keep = max(1, floor(len(order) * share))
        if keep < last:
            last = keep
            kept = tuple(level for level in feature.levels if level in order[:keep])
            words = f"show only {', '.join(kept)}; the others become `{OTHER_LEVEL}`"
            yield Rung(feature.name, replace(feature, levels=kept), words)


def _coarser(feature: Feature, exact: pl.Series) -> Iterator[Rung]:
    """Round to a coarser step, band, or lower the greatest value."""
    shape = feature.shape
    if shape.bands:
        yield from (_banded(feature, edges) for edges in _thinned(shape.bands))
        return
    for step in _steps(shape, exact):
        yield Rung(feature.name, replace(feature, shape=replace(shape, round_to=step)), f"round to {step:g}")
    for edges in _quantile_bands(shape, exact):
        yield _banded(feature, edges)
    for most in _tops(shape, exact):
        lower = replace(feature, shape=replace(shape, top_code=most))
        yield Rung(feature.name, lower, f"let nothing be greater than {most:g}")


def _banded(feature: Feature, edges: tuple[float, ...]) -> Rung:
    shape = replace(feature.shape, bands=edges, round_to=None)
    return Rung(feature.name, replace(feature, shape=shape), f"band at {', '.join(f'{edge:g}' for edge in edges)}")


def _thinned(bands: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """Take each second edge away, the lowest excepted, as long as there are two bands."""
    while len(bands) > 2:  # noqa: PLR2004 - two bands are the fewest that say anything
        bands = bands[::2]
        yield bands


def _steps(shape: Shape, exact: pl.Series) -> list[float]:
    """Return round steps between the own one (or the values' spread) and half of their range, coarsest last."""
    spread = spread_of(exact)
    least = shape.round_to or (1 if exact.dtype.is_integer() else spread / 1000)
    power, found = floor(log10(least)), list[float]()
    while len(found) < 4 * _MOST_STEPS and 10**power <= spread:
        found += [nice * 10.0**power for nice in _NICE if least < nice * 10.0**power <= spread / 2]
        power += 1
    return found[:: max(1, len(found) // _MOST_STEPS)][-_MOST_STEPS:]


def _quantile_bands(shape: Shape, exact: pl.Series) -> Iterator[tuple[float, ...]]:
    """Cut at nice numbers near the quantiles; where the own shape rounds, at its steps."""
    step = shape.round_to or _step_near(spread_of(exact) / 20, whole=exact.dtype.is_integer())
    told: set[tuple[float, ...]] = set()
    for parts in _PARTS:
        cuts = [float(exact.quantile(part / parts, "lower") or 0.0) for part in range(parts)]
        edges = tuple(sorted({_nice(cut, step) for cut in cuts}))
        if len(edges) > 1 and edges not in told:
            told.add(edges)
            yield edges


def _tops(shape: Shape, exact: pl.Series) -> list[float]:
    """Return greatest values that some share of the rows exceeds, none above the own one; the highest first."""
    tops = [_nice(float(exact.quantile(share, "higher") or 0.0), shape.round_to or 1) for share in _TOPS]
    lowest = float(cast("float", exact.min()))
    highest = lowest + spread_of(exact) if shape.top_code is None else float(shape.top_code)
    falling = [top for top, below in pairwise([*tops, float("-inf")]) if top != below]
    return [top for top in falling if lowest < top < highest]


def _step_near(size: float, *, whole: bool) -> float:
    """Return 1, 2 or 5 times a power of ten, at most `size`; for whole numbers at least 1."""
    power = 10.0 ** floor(log10(size))
    step = max(nice * power for nice in _NICE if nice * power <= size)
    return max(1.0, step) if whole else step


def _nice(value: float, step: float) -> float:
    return round(floor(value / step) * step, 9)


def spread_of(exact: pl.Series) -> float:
    """Return the greatest less the smallest number of a series; 0 where it has none."""
    most, least = cast("float | None", exact.max()), cast("float | None", exact.min())
    return 0.0 if most is None or least is None else float(most) - float(least)
