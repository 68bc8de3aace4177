"""The scales on which customers answer, and the figure that is made of the answers of each.

NPS: 9 and 10 less 0 to 6, times 100 (Reichheld, Harvard Bus. Rev. 81(12), 2003). CSAT: share of 4 and 5. CES: mean of
1 to 7 (CES 2.0). Stars: mean of 1 to 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl


class Kind(StrEnum):
    """What was asked."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    STARS = "stars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Lowest and highest answer, lowest and highest figure, and how large a change has to be to matter to anybody."""

    answers: tuple[float, float]
    figures: tuple[float, float]
    worth: float
    digits: int


SCALES: Final[Mapping[Kind, Scale]] = {
    Kind.NPS: Scale(answers=(0, 10), figures=(-100, 100), worth=5, digits=0),
    Kind.CSAT: Scale(answers=(1, 5), figures=(0, 1), worth=0.05, digits=2),
    Kind.CES: Scale(answers=(1, 7), figures=(1, 7), worth=0.25, digits=2),
    Kind.STARS: Scale(answers=(1, 5), figures=(1, 5), worth=0.2, digits=2),
}


def points(kind: pl.Expr, score: pl.Expr) -> pl.Expr:
    """Give what an answer adds to the mean that is the figure of its kind."""
    promoted = pl.when(score >= 9).then(100.0).when(score <= 6).then(-100.0).otherwise(0.0)  # noqa: PLR2004 - the definition
    return (
        pl.when(kind == Kind.NPS.value)
        .then(promoted)
        .when(kind == Kind.CSAT.value)
        .then((score >= 4).cast(pl.Float64))  # noqa: PLR2004 - the definition
        .otherwise(score.cast(pl.Float64))
    )
