"""The one column that a person would sort by: what a model is shown beside, and what a rule is made of."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from predict.declaration import Declaration
from predict.feature import Feature, Role
from predict.frames import Vector
from predict.telling.said import Sentence, named, said

RECENCY: Final = "recency"


@dataclass(frozen=True, slots=True)
class Naive:
    """A column by its position among the features, and the word that reports use for it."""

    position: int
    word: str

    def spelled(self, features: tuple[Feature, ...]) -> Sentence:
        """Give the word in every language."""
        if self.word == RECENCY:
            return said("recency")
        return named(next((one for one in features if one.name == self.word), Feature(name=self.word)))

    def ranked(self, column: Vector) -> Vector:
        """Let who has no value rank at an end: never seen is the longest silence, nothing on record the lowest."""
        known = column[np.isfinite(column)]
        if not known.size:
            return np.zeros(column.size)
        end = float(known.max()) + 1 if self.word == RECENCY else float(known.min()) - 1
        return np.where(np.isfinite(column), column, end)


def naive_of(names: tuple[str, ...], declared: Declaration, features: tuple[Feature, ...]) -> Naive | None:
    """Choose the module's own baseline, else recency; None where the view has neither."""
    named = next((name for name in declared.baselines if name in names), None)
    if named is not None:
        return Naive(names.index(named), named)
    return next((Naive(names.index(one.name), RECENCY) for one in features if one.role is Role.RECENCY), None)


def sorted_by(names: tuple[str, ...], declared: Declaration, features: tuple[Feature, ...]) -> Naive | None:
    """Choose what a rule sorts by: silence against the own rhythm where it is known, else as `naive_of`."""
    overdue = next((Naive(names.index(one.name), one.name) for one in features if one.role is Role.OVERDUE), None)
    return naive_of(names, declared, features) if declared.baselines or overdue is None else overdue
