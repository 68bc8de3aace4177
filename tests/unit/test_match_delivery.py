"""What a delivery is matched by: pooled counts, frozen trust, weights as the whole set has them, and people's word."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SpecInvalid
from ingest.match.candidates import LARGEST_BLOCK, candidate_pairs
from ingest.match.form import comparable_people
from ingest.match.keys import Alone, as_number, carriers_of, key_values, keys_of, name_of, pairs_that_share
from ingest.match.linkage import Decided, link
from ingest.match.partition import partition
from ingest.match.pooled import Pool, counted, rare
from ingest.match.rarity import LEAST_CARRIERS, Usual
from ingest.match.saved import saved, shipped
from ingest.match.spec import read_spec
from tests.match_people import people

PERSON = read_spec("person")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return comparable_people(people(40))


def test_the_shipped_model_holds_shares_and_no_value() -> None:
    model = shipped()
    assert set(model.trusts) == {rule.name for rule in model.spec.rules}
    assert set(model.model.names) == set(model.spec.names)
    assert 0.3 < model.threshold < 0.8
    with pytest.raises(SpecInvalid, match="no model"):
        saved("{}", PERSON)


@pytest.mark.parametrize(
    "alone",
    [{}, {"family+city": 0, "given+city": 3, "initial+family_start+district": 2, "given+family": LARGEST_BLOCK}],
)
def test_keys_give_the_pairs_that_candidates_are(frame: pl.DataFrame, alone: Alone) -> None:
    keys = keys_of(PERSON)
    numbers = {name_of(key): number for number, key in enumerate(keys)}
    told = pl.concat(
        each.select(record="row", token=pl.col("value").hash(numbers[name]), key=pl.lit(numbers[name]))
        for name, each in key_values(frame, keys)
    )
    few = carriers_of(told).filter(pl.col("carriers").is_between(2, LARGEST_BLOCK))
    pairs = partial(pairs_that_share, few=few, alone={numbers[name]: most for name, most in alone.items()})
    shared = pairs(told, told.clear())
    expected = candidate_pairs(frame, keys, alone).rename({"left": "record", "right": "other"})
    assert shared.equals(expected)
    assert shared.rows() == candidate_pairs(frame, keys).rows() or alone
    mine = pl.col("record") % 3 == 0
    across = pairs(told.filter(mine), told.filter(~mine))
    assert across.equals(expected.filter((pl.col("record") % 3 == 0) | (pl.col("other") % 3 == 0)))


def test_a_token_fits_every_integer_column() -> None:
    assert as_number(b"\xff" * 8) == (1 << 62) - 1
    assert as_number(bytes(7) + b"\x04") == 1


def test_no_value_is_counted_that_a_few_carry() -> None:
    names = ["Kari"] * LEAST_CARRIERS + ["Ola"] * (LEAST_CARRIERS - 1) + ["Liv", None]
    ((column, pool),) = counted(pl.DataFrame({"given": names}), ["given"])
    assert (column, pool.common.rows(), pool.values, pool.carriers) == ("given", [("Kari", 5)], 2, 5)
    told = rare(pl.Series(["Kari", "Ola", "Liv", "Per", None]), pool, Usual(0.01))
    assert told[0] < told[1] == told[2] == told[3]
    assert told[4] is None


def test_a_column_that_nobody_counted_is_as_rare_as_usual() -> None:
    none = Pool(pl.DataFrame(schema={"value": pl.String, "len": pl.Int64}), 0, 0)
    assert rare(pl.Series(["4711"]), none, Usual(0.00004))[0] == pytest.approx(-np.log2(0.00004))
    assert rare(pl.Series(["Kari"]), none, Usual(0.004))[0] == pytest.approx(-np.log2(0.005))


def test_of_a_crowd_alone_the_counts_of_all_deliveries_tell() -> None:
    crowd = Pool(pl.DataFrame({"value": ["home", "flats"], "len": [LARGEST_BLOCK + 1, LARGEST_BLOCK]}), 10, 20)
    told = rare(pl.Series(["home", "flats", "villa", None]), crowd, Usual(0.00001, LARGEST_BLOCK + 1))
    carriers = 2 * LARGEST_BLOCK + 1 + 20
    assert told[0] == pytest.approx(-np.log2((LARGEST_BLOCK + 1 + 0.01) / (carriers + 1000)), abs=1e-4)
    assert told[1:].to_list() == [None, None, None]


ROWS = 7
PAIR = st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda pair: pair[0] < pair[1])
EDGES = st.dictionaries(PAIR, st.sampled_from([0.1, 0.4, 0.6, 0.8, 0.9, 0.99]), max_size=12)
NUMBERS = st.lists(st.sampled_from([None, None, "a", "b"]), min_size=ROWS, max_size=ROWS)


def edges_of(likely: dict[tuple[int, int], float]) -> pl.DataFrame:
    rows = [(*pair, probability, -1, -1) for pair, probability in sorted(likely.items())]
    columns = {"left": pl.UInt32, "right": pl.UInt32, "probability": pl.Float64}
    return pl.DataFrame(rows, schema=columns | {"level_birth": pl.Int8, "level_national_id": pl.Int8}, orient="row")


@given(likely=EDGES, numbers=NUMBERS, same=st.sets(PAIR, max_size=3), different=st.sets(PAIR, max_size=3))
def test_what_people_decided_binds(
    likely: dict[tuple[int, int], float],
    numbers: list[str | None],
    same: set[tuple[int, int]],
    different: set[tuple[int, int]],
) -> None:
    found = partition(edges_of(likely), numbers, 0.5, Decided(same - different, different)).clusters
    assert all(found[a] != found[b] for a, b in different)
    if not different:
        assert all(found[a] == found[b] for a, b in same)
    elsewhere = [row for row in range(ROWS) if found[row] != row and found[found[row]] != found[row]]
    assert not elsewhere  # a cluster goes by its least row


@given(likely=EDGES, numbers=NUMBERS)
def test_a_word_on_strangers_changes_nobody_else(
    likely: dict[tuple[int, int], float], numbers: list[str | None]
) -> None:
    """Parts in which somebody decided are joined the plain way; that says what the quick way says."""
    different_enough = {pair: p + (pair[0] * ROWS + pair[1]) / 1e6 for pair, p in likely.items()}
    edges = edges_of(different_enough)
    plain = partition(edges, [*numbers, None], 0.5, Decided())
    decided = partition(edges, [*numbers, None], 0.5, Decided(different=[(row, ROWS) for row in range(ROWS)]))
    if plain.doubts.is_empty():
        assert list(decided.clusters) == list(link(edges, [*numbers, None]).clusters(0.5))


def test_a_cluster_in_doubt_is_not_merged() -> None:
    odd = edges_of({(0, 1): 0.99, (0, 2): 0.99, (1, 2): 0.99}).with_columns(level_birth=pl.lit(0, dtype=pl.Int8))
    apart = partition(odd, [None] * 3, 0.5, Decided())
    assert list(apart.clusters) == [0, 1, 2]
    assert apart.doubts["reason"].to_list() == ["at odds: birth"]
    meant = partition(odd, [None] * 3, 0.5, Decided(same=[(0, 1)]))
    assert list(meant.clusters) == [0, 0, 0]
