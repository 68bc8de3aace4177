"""From which week on a place gives more trouble than before: unhappy texts among all texts of the week.

A place that hardly anybody wrote about before has no share of unhappy texts to compare with; that they come at all is
the news. The week is the one at which two rates explain the counts best (Poisson likelihood ratio; Kulldorff 1997).
Counts of threads scatter more than Poisson's: the ratio is divided by how much more they do (quasi-likelihood:
McCullagh, Ann. Stat. 11, 1983), and must then exceed `CERTAIN`.
"""

from typing import Final

import numpy as np

from predict.causes.place import SHORTEST_WEEKS
from predict.frames import Vector

CERTAIN: Final = 8.0  # nats: a chance of e^-8 for one week, below a hundredth for two years of weeks


def onset_of(trouble: Vector, texts: Vector) -> int | None:
    """Give the week from which on the rate is higher, or None where it is the same all the time.

    Args:
        trouble: unhappy texts of the place, by week.
        texts: all texts, by week.
    """
    weeks = trouble.size
    if weeks < 2 * SHORTEST_WEEKS or not trouble.sum():
        return None
    before, exposed = np.cumsum(trouble)[:-1], np.cumsum(texts)[:-1]
    after, left = trouble.sum() - before, texts.sum() - exposed
    rate = trouble.sum() / texts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        early = np.where(before > 0, before * np.log(before / (exposed * rate)), 0.0)
        late = np.where(after > 0, after * np.log(after / (left * rate)), 0.0)
        higher = (after / left) > (before / exposed)
    ratio = np.where(higher, early + late, 0.0)
    ratio[: SHORTEST_WEEKS - 1] = 0.0
    ratio[weeks - SHORTEST_WEEKS :] = 0.0
    best = int(ratio.argmax())
    two = np.where(np.arange(weeks) <= best, before[best] / exposed[best], after[best] / left[best]) * texts
    return best + 1 if ratio[best] / _scatter(trouble, two) > CERTAIN else None


def _scatter(trouble: Vector, expected: Vector) -> float:
    """Give Pearson's chi-squared by degree of freedom, at least 1."""
    seen = expected > 0
    freedom = max(int(seen.sum()) - 2, 1)
    return max(float(((trouble[seen] - expected[seen]) ** 2 / expected[seen]).sum()) / freedom, 1.0)
