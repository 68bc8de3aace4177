"""What people decided binds clusters as in a plain search over all pairs, for which a part of thousands cannot wait."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from ingest.match.linkage import Decided, clusters_decided, joins_from

ROWS = 7
Pair = tuple[int, int]
PAIRS = st.sampled_from(list(combinations(range(ROWS), 2)))
PROBABILITY = st.integers(0, 64).map(lambda part: part / 64)  # sums in any order are the same
LIKELY = st.dictionaries(PAIRS, PROBABILITY, max_size=21)
NUMBERS = st.lists(st.sampled_from([None, None, "a", "b"]), min_size=ROWS, max_size=ROWS)
SOME = st.sets(PAIRS, max_size=4)


class _Groups:
    """Groups of rows of one part while they are joined, the plain way: parts that people look at are small."""

    def __init__(self, rows: list[int], numbers: list[str | None], decided: Decided) -> None:
        self.numbers = numbers
        self.apart = {frozenset(pair) for pair in decided.different}
        self.members = [[row] for row in rows]
        for a, b in sorted(decided.same):
            one, other = self._of(a), self._of(b)
            if one is not None and other is not None and one is not other and not self._called_different(one, other):
                self._merge(one, other)

    def join_likely(self, likely: dict[Pair, float], threshold: float) -> None:
        """Join the likeliest two groups that may be joined, until none is likely enough."""
        while True:
            means = [
                (-_mean(one, other, likely), one[0], other[0], one, other)
                for one, other in combinations(self.members, 2)
                if not self._forbidden(one, other)
            ]
            best = min(means, key=lambda each: each[:3], default=None)
            if best is None or -best[0] < threshold:
                return
            self._merge(best[3], best[4])

    def _of(self, row: int) -> list[int] | None:
        return next((group for group in self.members if row in group), None)

    def _merge(self, one: list[int], other: list[int]) -> None:
        self.members = [group for group in self.members if group is not one and group is not other]
        self.members.append(sorted([*one, *other]))
        self.members.sort()

    def _forbidden(self, one: list[int], other: list[int]) -> bool:
        mine = {self.numbers[row] for row in one} - {None}
        theirs = {self.numbers[row] for row in other} - {None}
        return bool(mine and theirs and mine != theirs) or self._called_different(one, other)

    def _called_different(self, one: list[int], other: list[int]) -> bool:
        return any(frozenset((a, b)) in self.apart for a in one for b in other)


def _mean(one: list[int], other: list[int], likely: dict[Pair, float]) -> float:
    total = sum(likely.get((min(a, b), max(a, b)), 0.0) for a in one for b in other)
    return total / (len(one) * len(other))


@given(LIKELY, NUMBERS, SOME, SOME, st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_decided_rows_are_joined_as_by_a_plain_search(
    likely: dict[Pair, float], numbers: list[str | None], same: set[Pair], different: set[Pair], threshold: float
) -> None:
    decided = Decided(sorted(same - different), sorted(different))
    plain = _Groups(list(range(ROWS)), numbers, decided)
    plain.join_likely(likely, joins_from(threshold))
    edges = [(*pair, probability) for pair, probability in sorted(likely.items())]
    found = clusters_decided(edges, numbers, threshold, decided)
    together = {row: group for group in found for row in group}
    assert sorted(plain.members) == sorted([*found, *([row] for row in range(ROWS) if row not in together)])
