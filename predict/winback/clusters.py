"""Whether those who left fall into groups by themselves, whatever the rules say, and would do so again.

k-means on prepared features (`predict.preparation`). A clustering is believed only if it is *stable*: fitted again on
customers drawn with replacement, it must divide everybody nearly as before (Hennig, Comput. Stat. Data Anal. 52, 2007;
adjusted Rand index: Hubert & Arabie, J. Classif. 2, 1985: 1 = the same, 0 = as by chance). Any cloud is cut in two in
much the same way each time, so the same is done with one normal cloud of the same spread and correlations: groups count
only where the real ones are clearly more stable than those of the cloud, and `STABLE` at least.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from predict.evaluate import Interval
from predict.frames import Columns, Matrix
from predict.preparation import fit_preparation
from predict.threads import few_threads

MOST = 7
DRAWS = 20
STABLE = 0.75  # Hennig's "valid, stable cluster"
STARTS = 4
SAMPLE = 2_000  # customers who teach; all are divided. More make it slower, not stabler

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """The most stable division: group by row, adjusted Rand index over draws, and that of one cloud.

    `marks` name for each group the two features that deviate most from everybody's mean, as standard deviations.
    """

    groups: Integers
    count: int
    stability: Interval
    noise: Interval
    marks: tuple[tuple[tuple[str, float], ...], ...]

    @property
    def believed(self) -> bool:
        """Say whether the groups would be found again, and noise's would not."""
        return self.stability.figure >= STABLE and self.stability.low > self.noise.high


def cluster(raw: Matrix, names: tuple[str, ...], *, seed: int) -> Clustering:
    """Divide customers into two to seven groups, as many as are most stable; of equals the fewer."""
    prepared = fit_preparation(raw, Columns(names)).apply(raw)
    rng = np.random.default_rng(seed)
    sample = prepared[rng.permutation(prepared.shape[0])[:SAMPLE]]
    with few_threads(sample):
        found = {count: stability(sample, count, rng) for count in range(2, MOST + 1)}
        count = max(found, key=lambda one: (round(found[one].figure, 2), -one))
        groups = _fit(sample, count, rng).predict(prepared)
        noise = stability(_one_cloud(sample, rng), count, rng)
    return Clustering(
        groups=np.asarray(groups, dtype=np.int64),
        count=count,
        stability=found[count],
        noise=noise,
        marks=_marks(prepared[:, : len(names)], groups, names),
    )


def stability(prepared: Matrix, count: int, rng: np.random.Generator) -> Interval:
    """Give the mean adjusted Rand index of a division with those of resamples, and the range of nine in ten draws."""
    reference = _fit(prepared, count, rng).labels_
    agreed = []
    for _ in range(DRAWS):
        rows = rng.integers(0, prepared.shape[0], prepared.shape[0])
        agreed.append(adjusted_rand_score(reference, _fit(prepared[rows], count, rng).predict(prepared)))
    low, high = np.quantile(agreed, [0.05, 0.95])
    return Interval(float(np.mean(agreed)), float(low), float(high))


def _fit(prepared: Matrix, count: int, rng: np.random.Generator) -> KMeans:
    return KMeans(count, n_init=STARTS, random_state=int(rng.integers(2**31))).fit(prepared)


def _one_cloud(prepared: Matrix, rng: np.random.Generator) -> Matrix:
    """Draw normal rows with the same covariance (by its root, so that a column without spread does no harm)."""
    sizes, axes = np.linalg.eigh(np.atleast_2d(np.cov(prepared, rowvar=False)))
    return np.asarray(rng.normal(size=prepared.shape) * np.sqrt(np.maximum(sizes, 0.0)) @ axes.T)


def _marks(prepared: Matrix, groups: Integers, names: tuple[str, ...]) -> tuple[tuple[tuple[str, float], ...], ...]:
    marked = []
    for group in range(int(groups.max()) + 1):
        means = prepared[groups == group].mean(axis=0)
        widest = np.argsort(-np.abs(means), kind="stable")[:2]
        marked.append(tuple((names[at], float(means[at])) for at in widest))
    return tuple(marked)
