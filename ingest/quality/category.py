"""Codes that two sources spell or use differently: `Web` and `web`, or no code in common at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ingest.quality.report import QualityReport

MINIMUM_ROWS: Final = 20
"""A code in fewer rows is not shown: what looks like a code there may be a person."""

CODES_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A canonical column in which two contracts disagree; `codes` are spelled in two ways, () if none is shared."""

    column: str
    contracts: tuple[str, str]
    codes: tuple[tuple[str, str], ...]


def disagreements_of(reports: Sequence[QualityReport]) -> tuple[Disagreement, ...]:
    """Compare the codes of every two deliveries of the same table."""
    found = []
    for one, other in combinations(reports, 2):
        if one.table != other.table:
            continue
        for column in sorted(set(one.categories) & set(other.categories)):
            disagreement = _compared(column, one, other)
            if disagreement is not None:
                found.append(disagreement)
    return tuple(found)


def _compared(column: str, one: QualityReport, other: QualityReport) -> Disagreement | None:
    """Compare one column of two deliveries."""
    left = {_plain(code): code for code in one.categories[column]}
    right = {_plain(code): code for code in other.categories[column]}
    shared = sorted(set(left) & set(right))
    spelled = tuple((left[code], right[code]) for code in shared if left[code] != right[code])
    if spelled or (left and right and not shared):
        return Disagreement(column=column, contracts=(one.contract, other.contract), codes=spelled)
    return None


def _plain(code: str) -> str:
    """Reduce a code to its letters and digits."""
    return "".join(sign for sign in code.casefold() if sign.isalnum())
