"""What people found out about proposals, and the order in which proposals are shown because of it.

Nobody's hour is spent twice on what was refuted: it comes last, and what only says it in other levels comes after
what is new.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from predict.causes.finding import Finding


class Verdict(StrEnum):
    """What a person says after looking."""

    PROPOSED = "proposed"  # nobody has looked yet
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


RESEMBLES: Final = 0.5
_WEIGHT: Final = {Verdict.PROPOSED: 1.0, Verdict.CONFIRMED: 1.0, Verdict.REFUTED: 0.0}


Said = Mapping[str, tuple[Verdict, tuple[tuple[str, str], ...]]]
"""By a proposal's key what was said of it, and its levels."""


def ranked(found: list[Finding], verdicts: Said) -> list[Finding]:
    """Order proposals by the unhappy texts that they would explain, those doubted by people later.

    Args:
        found: the proposals.
        verdicts: what was said of these and of earlier ones.

    What was refuted weighs nothing; what narrows or widens a refuted place (all levels of one are levels of the other)
    weighs `RESEMBLES`. Ties go by key, so that the order is the same at every run.
    """
    refuted = [frozenset(levels) for verdict, levels in verdicts.values() if verdict is Verdict.REFUTED and levels]
    return sorted(found, key=lambda one: (-one.excess * _weight(one, verdicts, refuted), -one.excess, one.key))


def _weight(
    one: Finding,
    verdicts: Said,
    refuted: list[frozenset[tuple[str, str]]],
) -> float:
    if one.key in verdicts:
        return _WEIGHT[verdicts[one.key][0]]
    levels = frozenset(one.levels)
    return RESEMBLES if any(levels <= other or other <= levels for other in refuted) else 1.0
