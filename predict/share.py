"""A share of so many, with its interval (Wilson, JASA 22, 1927): never a share without its n."""

from math import sqrt
from typing import Final

Z: Final = 1.959963984540054  # two-sided 95 %


def share(part: float, whole: float) -> dict[str, float]:
    """Give a share as figure, low and high (95 % Wilson) and `of`, of how many; of none nothing is known."""
    if whole <= 0:
        return {"figure": 0.0, "low": 0.0, "high": 1.0, "of": 0}
    found, spread = part / whole, Z**2 / whole
    centre = (found + spread / 2) / (1 + spread)
    half = Z * sqrt(found * (1 - found) / whole + spread / (4 * whole)) / (1 + spread)
    low, high = min(centre - half, found), max(centre + half, found)
    return {"figure": found, "low": max(0.0, low), "high": min(1.0, high), "of": whole}


def in_words(told: dict[str, float]) -> str:
    """Write a share as a person reads it: 62 % (55 to 68 %, of 210)."""
    if not told["of"]:
        return "unknown (of none)"
    return f"{told['figure']:.0%} ({100 * told['low']:.0f} to {100 * told['high']:.0f} %, of {told['of']:g})"
