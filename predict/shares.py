"""Shares of few or many, and the difference of two, with intervals that hold at the ends as well."""

import math

from predict.evaluate import Interval

Z_95 = 1.959963984540054  # two-sided 95 %


def share(events: float, size: float) -> Interval:
    """Give a share with its 95 % interval (Wilson, JASA 22, 1927); NaN of nobody."""
    if size <= 0:
        return Interval(math.nan, math.nan, math.nan)
    found, spread = events / size, Z_95**2 / size
    centre = (found + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(found * (1 - found) / size + spread / (4 * size)) / (1 + spread)
    return Interval(found, max(0.0, min(centre - half, found)), min(1.0, max(centre + half, found)))


def told_share(events: float, size: float) -> dict[str, float]:
    """Give a share for a report: figure, low and high (as `share`) and `of`, of how many; of none nothing is known."""
    if size <= 0:
        return {"figure": 0.0, "low": 0.0, "high": 1.0, "of": 0}
    found = share(events, size)
    return {"figure": found.figure, "low": max(0.0, found.low), "high": min(1.0, found.high), "of": size}


def in_words(told: dict[str, float]) -> str:
    """Write a told share as a person reads it: 62 % (55 to 68 %, of 210)."""
    if not told["of"]:
        return "unknown (of none)"
    return f"{told['figure']:.0%} ({100 * told['low']:.0f} to {100 * told['high']:.0f} %, of {told['of']:g})"


def difference(first: tuple[float, float], second: tuple[float, float]) -> Interval:
    """Give share minus share, of (events, size) each, with its 95 % interval (Newcombe 1998, method 10)."""
    one, other = share(*first), share(*second)
    down = math.hypot(one.figure - one.low, other.high - other.figure)
    up = math.hypot(one.high - one.figure, other.figure - other.low)
    gap = one.figure - other.figure
    return Interval(gap, gap - down, gap + up)


def ratio(first: tuple[float, float], second: tuple[float, float]) -> Interval:
    """Give share divided by share with its 95 % interval.

    Logarithms, with a half added to each count so that nobody divides by zero (Katz et al., Biometrics 34, 1978;
    Walter, Biometrika 62, 1975). NaN where a side has nobody.
    """
    (a, n), (b, m) = first, second
    if n <= 0 or m <= 0:
        return Interval(math.nan, math.nan, math.nan)
    middle = math.log((a + 0.5) / (n + 0.5)) - math.log((b + 0.5) / (m + 0.5))
    spread = 1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5)
    half = Z_95 * math.sqrt(max(spread, 0.0))
    figure = (a / n) / (b / m) if b > 0 else math.inf
    return Interval(figure, math.exp(middle - half), math.exp(middle + half))
