"""Average linkage against a plain search over all pairs of clusters, and what must hold of any clusters."""

from collections.abc import Collection
from itertools import combinations

import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ingest.match import linkage as linkage_module
from ingest.match.chains import Chains
from ingest.match.linkage import LEAST, Linkage, clusters_of_few, joins_from, link, parts_of
from ingest.match.threshold import choose

ROWS = 7
SAME = 1e-12  # sums in another order differ by less
Weights = dict[tuple[int, int], float]

probabilities = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
weights = st.dictionaries(st.sampled_from(list(combinations(range(ROWS), 2))), probabilities, max_size=21)
numbers = st.lists(st.sampled_from([None, None, "NO:1", "NO:2"]), min_size=ROWS, max_size=ROWS)


def edges_of(told: Weights) -> pl.DataFrame:
    rows = [(left, right, probability) for (left, right), probability in told.items()]
    schema = {"left": pl.UInt32, "right": pl.UInt32, "probability": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def mean(one: frozenset[int], other: frozenset[int], told: Weights) -> float:
    return sum(told.get((min(a, b), max(a, b)), 0.0) for a in one for b in other) / (len(one) * len(other))


def plainly(told: Weights, threshold: float) -> set[frozenset[int]]:
    """Join the likeliest two clusters, and look at all anew; where two joins are as likely, another test says which."""
    clusters = {frozenset({row}) for row in range(ROWS)}
    while True:
        pairs = sorted(combinations(clusters, 2), key=lambda pair: mean(pair[0], pair[1], told))
        one, other = pairs[-1]
        if mean(one, other, told) < max(threshold, LEAST):
            return clusters
        assume(len(pairs) == 1 or mean(*pairs[-2], told) < mean(one, other, told) - SAME)
        clusters = (clusters - {one, other}) | {one | other}
        if len(clusters) == 1:
            return clusters


def parts(labels: list[int]) -> set[frozenset[int]]:
    return {frozenset(row for row in range(ROWS) if labels[row] == label) for label in labels}


@given(weights, probabilities)
@example({(0, 2): 0.052, (2, 5): 0.051, (1, 5): 0.051, (0, 5): 0.052}, 0.0)
def test_clusters_are_those_of_a_plain_search(told: Weights, threshold: float) -> None:
    distinct = {pair: value + place * 1e-7 for place, (pair, value) in enumerate(sorted(told.items()))}
    linkage = link(edges_of(distinct), [None] * ROWS)
    assert parts(linkage.clusters(threshold).tolist()) == plainly(distinct, threshold)


@given(weights, numbers)
def test_no_cluster_holds_two_checked_numbers(told: Weights, ids: list[str | None]) -> None:
    for cluster in parts(link(edges_of(told), ids).clusters(0.0).tolist()):
        assert len({ids[row] for row in cluster} - {None}) <= 1


@given(weights, numbers)
def test_the_order_of_edges_leaves_no_trace(told: Weights, ids: list[str | None]) -> None:
    edges = edges_of(told)
    shuffled = edges.sample(fraction=1.0, shuffle=True, seed=3)
    assert link(edges, ids).merges == link(shuffled, ids).merges


def one_by_one(edges: pl.DataFrame, ids: list[str | None], least: float) -> Linkage:
    """Join as large parts are joined, whatever their size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linkage_module, "SMALL", 0)
        return link(edges, ids, least=least)


# Few values, so that many means are equal: which of them goes first has to be the same as well.
few = st.dictionaries(
    st.sampled_from(list(combinations(range(ROWS), 2))), st.sampled_from([0.01, 0.25, 0.5, 0.75, 1.0])
)


@given(st.one_of(weights, few), numbers, st.sampled_from([LEAST, 0.4]))
@example({(0, 1): 0.5, (1, 2): 0.5, (0, 2): 0.5, (2, 3): 1.0}, [None, None, "NO:1", "NO:2", None, None, None], LEAST)
def test_parts_joined_at_once_are_joined_as_one_by_one(told: Weights, ids: list[str | None], least: float) -> None:
    edges = edges_of(told)
    assert link(edges, ids, least=least).joined.equals(one_by_one(edges, ids, least).joined)
    assert link(edges, ids, least=least).refused == one_by_one(edges, ids, least).refused


@given(weights, numbers, probabilities)
def test_who_knows_the_threshold_need_not_look_below_it(told: Weights, ids: list[str | None], least: float) -> None:
    far, near = link(edges_of(told), ids), link(edges_of(told), ids, least=max(least, LEAST))
    assert near.joined.equals(far.joined.filter(pl.col("at") >= max(least, LEAST)))


@given(st.one_of(weights, few), numbers, probabilities)
def test_who_hangs_together_by_edges_that_may_join_is_clustered_without_the_others(
    told: Weights, ids: list[str | None], threshold: float
) -> None:
    edges = edges_of(told)
    whole = link(edges, ids).clusters(threshold)
    part = parts_of(edges, ROWS, joins_from(threshold))
    for number in range(int(part.max()) + 1):
        rows = [row for row in range(ROWS) if part[row] == number]
        inside = edges.filter(pl.col("left").is_in(rows) & pl.col("right").is_in(rows))
        few_of_them = clusters_of_few(inside.sort("left", "right").rows(), ids, threshold)
        assert [whole[row] for row in rows] == [few_of_them[row] for row in rows]


class Told:
    """Rows as records, for who asks of them one by one."""

    def __init__(self, told: Weights, ids: list[str | None]) -> None:
        self.told = {frozenset((bytes([a]), bytes([b]))): p for (a, b), p in told.items()}
        self.ids = ids
        self.met: set[bytes] = set()

    def edges(self, record: bytes) -> dict[bytes, float]:
        return {other: p for pair, p in self.told.items() if record in pair for other in pair - {record}}

    def meet(self, records: Collection[bytes]) -> None:
        self.met |= set(records)

    def number(self, record: bytes) -> str | None:
        return self.ids[record[0]]

    def name(self, record: bytes) -> bytes:
        return record


@given(st.one_of(weights, few), numbers, st.sampled_from([0.0, 0.25, 0.4, 0.5, 0.8]), st.permutations(range(ROWS)))
def test_a_cluster_asked_for_by_itself_is_that_of_the_whole(
    told: Weights, ids: list[str | None], threshold: float, order: list[int]
) -> None:
    whole = link(edges_of(told), ids).clusters(threshold)
    chains = Chains(Told(told, ids), threshold)
    for row in order:
        found = {record[0] for record in chains.cluster_of(bytes([row]))}
        assert found == {other for other in range(ROWS) if whole[other] == whole[row]}
        alone = Chains(Told(told, ids), threshold).cluster_of(bytes([row]))
        assert {record[0] for record in alone} == found


@given(weights)
def test_a_higher_threshold_only_parts(told: Weights) -> None:
    linkage = link(edges_of(told), [None] * ROWS)
    coarse, fine = parts(linkage.clusters(0.3).tolist()), parts(linkage.clusters(0.7).tolist())
    assert all(any(small <= large for large in coarse) for small in fine)


@given(weights)
def test_the_threshold_is_half_of_what_can_be_expected(told: Weights) -> None:
    linkage = link(edges_of(told), [None] * ROWS)
    chosen = choose(linkage, sum(told.values()))
    assert 0 <= chosen.expected_f1 <= 1
    worth = [merge for merge in linkage.merges if merge.at > max(chosen.expected_f1 / 2, chosen.at) + 1e-9]
    labels = linkage.clusters(chosen.at)
    assert all(labels[merge.kept] == labels[merge.gone] for merge in worth)


def test_a_chain_of_links_does_not_swallow_a_community() -> None:
    chain = {(row, row + 1): 0.9 for row in range(ROWS - 1)}
    assert max(map(len, parts(link(edges_of(chain), [None] * ROWS).clusters(0.5).tolist()))) == 2
