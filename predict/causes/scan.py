"""Which place is unhappier than all others, so clearly that chance does not explain it, however many were looked at.

For a place with the share p of the rows, U is the sum of its rows' `unhappy` less the mean of their likes
(`predict.causes.place`; stratified as by Mantel & Haenszel, J. Natl. Cancer Inst. 22, 1959). Its variance
counts customers as the units, not texts: who writes four times in anger is one person (cluster-robust: Liang & Zeger,
Biometrika 73, 1986). All places are judged against the largest t = U / se that chance gives: the residuals of each
customer get a common random sign, `DRAWS` times, and the largest of all places is kept (wild cluster bootstrap:
Cameron, Gelbach & Miller, Rev. Econ. Stat. 90, 2008; the largest of many: Westfall & Young, 1993). A place counts
only above the 95 % quantile of these, so that in nineteen of twenty heaps of texts where nothing is the matter
nothing is found at all, though places overlap and thousands are tried.

Signs leave the squares as they are, so that the draws have the variances of the data and need no new ones.

Many places are clearly unhappier at once: the desks, the desks of one team, the desks since June. Named is the one
that explains most, by the likelihood ratio of two rates against one (Kulldorff, Commun. Stat. Theory Methods 26,
1997), which a place that takes in calm texts, or leaves out unhappy ones, does not reach.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from predict.causes.place import SHORTEST_WEEKS, Codes, Heard, Place, cells, levels_of, subsets
from predict.disclosure import LEAST_CUSTOMERS
from predict.frames import Matrix, Vector

DRAWS = 499
LEAST_ROWS = 20
LEVEL = 0.05
_NOTHING = 1e-9  # a place that has no likes elsewhere varies by rounding alone

Rows = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The place that explains most: its t, U and standard error, and the share of draws that reached the t.

    `limit` is the t that a place must have, the 95 % quantile of what chance reaches.
    """

    place: Place
    t: float
    excess: float
    error: float
    chance: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """The places of one choice of dimensions: rows sorted out by cell and week, and what is judged of each.

    `bin` is the cell and week of a row as one number, `numbers` what each cell is called by `levels_of`; `judged`
    says where in the table of cells and weeks the places stand that are judged, `rows` and `error` belong to these.
    """

    chosen: tuple[int, ...]
    numbers: Codes
    bin: Codes
    shape: tuple[int, int]
    judged: Rows
    rows: Vector
    error: Vector

    def excess(self, residual: Vector) -> Vector:
        """Sum residuals, from which the mean of likes is taken off, over each judged place."""
        return np.asarray(since(self.bin, residual, self.shape).ravel()[self.judged], dtype=np.float64)


def since(bins: Codes, weights: Vector, shape: tuple[int, int]) -> Matrix:
    """Sum weights by cell and week, then over all weeks from each on."""
    summed = np.bincount(bins, weights, shape[0] * shape[1]).reshape(shape)
    return np.asarray(summed[:, ::-1].cumsum(axis=1)[:, ::-1], dtype=np.float64)


def find_peak(heard: Heard, rng: np.random.Generator, *, level: float = LEVEL) -> Peak | None:
    """Give the place that explains most of those above the limit; None where chance explains them all.

    Of fewer than `LEAST_CUSTOMERS` on either side, or `LEAST_ROWS` rows with likes elsewhere, no place is given.
    """
    residual = heard.centred(heard.unhappy)
    layers = list(_layers(heard, residual))
    if not layers:
        return None
    highest = _highest(heard, layers, residual, rng)
    limit = float(np.quantile(highest, 1 - level))
    above = [np.where((over := layer.excess(residual)) / layer.error > limit, over, 0.0) for layer in layers]
    explained = np.concatenate([_explained(heard, each.rows, over) for each, over in zip(layers, above, strict=True)])
    owner = np.repeat(np.arange(len(layers)), [each.judged.size for each in layers])
    first = np.concatenate([[0], np.cumsum([each.judged.size for each in layers])])
    for number in np.argsort(-explained, kind="stable")[: int((explained > 0).sum())]:
        best, at = layers[owner[number]], int(number - first[owner[number]])
        cell, week = divmod(int(best.judged[at]), best.shape[1])
        place = Place(levels=levels_of(heard, best.chosen, int(best.numbers[cell])), since_week=week)
        if _is_of_many(heard, place):
            excess, error = float(above[owner[number]][at]), float(best.error[at])
            chance = float((np.sum(highest >= excess / error) + 1) / (DRAWS + 1))
            return Peak(place=place, t=excess / error, excess=excess, error=error, chance=chance, limit=limit)
    return None


def _is_of_many(heard: Heard, place: Place) -> bool:
    """Say whether enough customers and rows stand on either side of the comparison of likes."""
    sides = place.against(heard)
    return all(side.sum() >= LEAST_ROWS and np.unique(heard.customer[side]).size >= LEAST_CUSTOMERS for side in sides)


def _explained(heard: Heard, rows: Vector, excess: Vector) -> Vector:
    """Give the log-likelihood ratio of a rate inside and one outside against one for all."""
    size, mean = heard.unhappy.size, float(heard.unhappy.mean())
    inside, outside = mean + excess / rows, mean - excess / (size - rows)
    gained = rows * _information(inside, mean) + (size - rows) * _information(outside, mean)
    return np.asarray(gained, dtype=np.float64)


def _information(rate: Vector, mean: float) -> Vector:
    """Kullback-Leibler divergence of two yes/no rates, in nats; 0 ln 0 is 0."""
    rate = np.clip(rate, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = np.where(rate > 0, rate * np.log(rate / mean), 0.0)
        no = np.where(rate < 1, (1 - rate) * np.log((1 - rate) / (1 - mean)), 0.0)
    return np.asarray(yes + no, dtype=np.float64)


def _highest(heard: Heard, layers: list[_Layer], residual: Vector, rng: np.random.Generator) -> Vector:
    """Draw the largest t of all places under chance, `DRAWS` times."""
    customers = int(heard.customer.max()) + 1
    found = np.empty(DRAWS)
    for draw in range(DRAWS):
        signs = rng.integers(0, 2, customers) * 2.0 - 1.0
        drawn = heard.centred(residual * signs[heard.customer])
        found[draw] = max(float((layer.excess(drawn) / layer.error).max()) for layer in layers)
    return found


def _layers(heard: Heard, residual: Vector) -> Iterator[_Layer]:
    weeks = heard.weeks
    starts = np.zeros(weeks, dtype=np.bool_)
    starts[:1] = True
    starts[SHORTEST_WEEKS : max(SHORTEST_WEEKS, weeks - SHORTEST_WEEKS + 1)] = True
    for chosen in subsets(len(heard.dimensions)):
        cell, numbers = _worth(cells(heard, chosen))
        shape = (numbers.size + 1, weeks)
        bins = cell * weeks + heard.week
        rows = since(bins, np.ones(bins.size), shape)
        enough = (rows >= LEAST_ROWS) & (_customers(heard, cell, shape) >= LEAST_CUSTOMERS) & starts
        # What is not in it is what it is compared with: many, too.
        enough &= (rows <= heard.unhappy.size - LEAST_ROWS) & (_others(heard, cell, shape) >= LEAST_CUSTOMERS)
        enough[numbers.size] = False
        variance = _variance(heard, cell, residual, shape)
        judged = np.flatnonzero(enough & (variance > _NOTHING))
        if judged.size:
            error = np.sqrt(variance.ravel()[judged])
            yield _Layer(
                chosen=chosen,
                numbers=numbers,
                bin=bins,
                shape=shape,
                judged=judged,
                rows=rows.ravel()[judged],
                error=error,
            )


def _worth(number: Codes) -> tuple[Codes, Codes]:
    """Give new numbers to cells that have rows enough, so that tables stay small; all others share the last one."""
    numbers, place, rows = np.unique(number, return_inverse=True, return_counts=True)
    worth = rows >= LEAST_ROWS
    anew = np.where(worth, np.cumsum(worth) - 1, int(worth.sum()))
    return np.asarray(anew[place], dtype=np.int64), numbers[worth]


def _customers(heard: Heard, cell: Codes, shape: tuple[int, int]) -> Matrix:
    """Count the customers of each place: by the newest week of each in the cell."""
    order = np.lexsort((heard.week, heard.customer, cell))
    last = np.flatnonzero(np.diff(_groups(heard, cell, order), append=-1))
    newest = order[last]
    return since(cell[newest] * shape[1] + heard.week[newest], np.ones(newest.size), shape)


def _others(heard: Heard, cell: Codes, shape: tuple[int, int]) -> Matrix:
    """Count the customers with a row outside of each place: all but who has one cell, and is in it from the oldest."""
    order = np.lexsort((heard.week, heard.customer))
    first = np.flatnonzero(np.diff(heard.customer[order], prepend=-1))
    lowest, highest = (of.reduceat(cell[order], first) for of in (np.minimum, np.maximum))
    oldest = heard.week[order[first]]
    alone = lowest == highest
    inside = since(lowest[alone] * shape[1] + oldest[alone], np.ones(int(alone.sum())), shape)
    return np.asarray(first.size - inside, dtype=np.float64)


def _groups(heard: Heard, cell: Codes, order: Rows) -> Codes:
    """Give customer and cell as one number, in an order that keeps them together."""
    return np.asarray((cell * (int(heard.customer.max()) + 1) + heard.customer)[order], dtype=np.int64)


def _variance(heard: Heard, cell: Codes, residual: Vector, shape: tuple[int, int]) -> Matrix:
    """Sum (what a customer adds to U) squared over customers, for each cell from each week on.

    A customer adds S less, for each group of likes, p R: S their residuals in the place, p the place's share of the
    group, R all their residuals in the group. The squares of S grow row by row from the newest on, by (S + r)² - S²;
    products of S and R and the squares of R need no order.
    """
    order = np.lexsort((-heard.week, heard.customer, cell))
    r = residual[order]
    running = np.cumsum(r)
    groups = _groups(heard, cell, order)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    before = np.repeat(running[first] - r[first], np.diff(first, append=r.size))
    own = running - before
    bins = cell * shape[1] + heard.week
    variance = since(bins[order], own**2 - (own - r) ** 2, shape)
    of_all = _of_likes(heard, residual)
    shares = np.zeros((heard.likes, shape[0] * shape[1]))
    for group, size in enumerate(np.bincount(heard.like)):
        if size:
            shares[group] = since(bins, (heard.like == group) / size, shape).ravel()
            theirs = of_all[:, [group]].toarray().ravel()[heard.customer]
            variance -= 2 * shares[group].reshape(shape) * since(bins, residual * theirs, shape)
    squares = np.asarray((of_all.T @ of_all).todense())
    return np.asarray(variance + (shares * (squares @ shares)).sum(axis=0).reshape(shape), dtype=np.float64)


def _of_likes(heard: Heard, residual: Vector) -> sparse.csr_matrix:
    """Sum the residuals of each customer in each group of likes."""
    shape = (int(heard.customer.max()) + 1, heard.likes)
    return sparse.csr_matrix((residual, (heard.customer, heard.like)), shape)
