"""What scores pairs against Splink itself: every level, weight and rarity of every pair, on records with slips."""

from collections import Counter
from dataclasses import replace

import duckdb
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ingest.match.alone import most_alone
from ingest.match.candidates import LARGEST_BLOCK, candidate_pairs, random_pairs
from ingest.match.form import comparable_people
from ingest.match.model import Model
from ingest.match.rarity import rarities, usual_shares
from ingest.match.reference import told_by_splink
from ingest.match.scorer import _quick, as_levels, levels_of, weights_of
from ingest.match.spec import read_spec
from tests.match_crowd import crowd

PERSON = read_spec("person")
SHIPPED = Model(
    kind="person",
    spec_version=PERSON.version,
    records=600,
    match_share=0.001,
    m={each.name: each.m for each in PERSON.comparisons},
    u={each.name: each.u for each in PERSON.comparisons},
    look_alikes=(),
)
DATABASE = duckdb.connect()


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return comparable_people(crowd(600, shared=LARGEST_BLOCK + 5))


def test_levels_weights_and_rarities_are_splinks(records: pl.DataFrame) -> None:
    keys = [("given", "family"), ("postcode",), ("birth_year",), ("email",), ("initial", "family_start")]
    pairs = pl.concat([candidate_pairs(records, keys), random_pairs(records.height, 3000)]).unique()
    levels = levels_of(records, pairs, PERSON.comparisons)
    rare = {name: told.to_numpy() for name, told in rarities(records, usual_shares(PERSON, SHIPPED)).items()}
    weights = weights_of(as_levels(levels, SHIPPED.names), PERSON, SHIPPED, rare)
    ours = levels.with_columns(pl.Series(name, values) for name, values in weights.items())
    splinks = told_by_splink(records, pairs, PERSON, SHIPPED)
    assert min(levels[f"level_{name}"].n_unique() for name in ("given", "family", "birth", "phone", "address")) > 2
    assert_frame_equal(ours, splinks, check_column_order=False, abs_tol=1e-4)


def plain_pairs(records: pl.DataFrame, key: tuple[str, ...], *, largest: int = LARGEST_BLOCK) -> set[tuple[int, int]]:
    """Put every record beside every other, and count who shares a key."""
    blocks: dict[tuple[str, ...], list[int]] = {}
    for row, values in enumerate(records.select(key).iter_rows()):
        if None not in values:
            blocks.setdefault(values, []).append(row)
    return {
        (one, other)
        for rows in blocks.values()
        if len(rows) <= largest
        for one in rows
        for other in rows
        if one < other
    }


def test_candidates_are_those_that_a_plain_search_finds(records: pl.DataFrame) -> None:
    keys = [("given", "family"), ("postcode",), ("birth_year",), ("district",), ("street", "postcode"), ("occupation",)]
    expected = set[tuple[int, int]]().union(*(plain_pairs(records, key) for key in keys))
    told = candidate_pairs(records, keys)
    assert told.rows() == sorted(expected)
    assert records["district"].value_counts()["count"].max() > LARGEST_BLOCK  # type: ignore[operator]  # counts


def test_pairs_that_share_a_crowded_key_alone_are_no_candidates(records: pl.DataFrame) -> None:
    keys = [("given", "family"), ("birth_year",), ("street", "postcode"), ("occupation",), ("given", "city")]
    alone = {"birth_year": 0, "occupation": 20, "given+city": 1, "given+family": 2}
    times = Counter(pair for key in keys for pair in plain_pairs(records, key))
    strong = {
        pair for key in keys for pair in plain_pairs(records, key, largest=alone.get("+".join(key), LARGEST_BLOCK))
    }
    expected = sorted(pair for pair, shared in times.items() if shared > 1 or pair in strong)
    assert candidate_pairs(records, keys, alone).rows() == expected
    assert 0 < len(strong) < len(expected) < len(times)


def test_a_key_never_counts_alone_by_which_next_to_nobody_is_found() -> None:
    rows = [{"record": str(n), "given": f"g{n}", "family": f"f{n // 2}", "city": f"c{n // 50}"} for n in range(200)]
    records = pl.DataFrame(rows)
    spec = replace(PERSON, candidates=(("city",), ("family",)), rules=())
    found = pl.DataFrame({"left": [0, 2], "right": [1, 3], "probability": [0.9, 0.4]})
    assert most_alone(records, found, spec) == {"city": 0}
    some = [(one, other, 0.99) for one in (0, 4) for other in range(6, 50)]
    likely = pl.concat([found, pl.DataFrame(some, schema=found.schema, orient="row")])
    assert most_alone(records, likely, spec) == {}


def test_a_key_counts_alone_up_to_as_many_carriers_as_find_somebody() -> None:
    """Forty share each of some names and nobody is one person; of those that two share each pair is."""
    names = [f"common{n // 40}" for n in range(120)] + [f"rare{n // 2}" for n in range(2400)]
    records = pl.DataFrame({"record": [f"{n:04}" for n in range(len(names))], "given": names})
    spec = replace(PERSON, candidates=(("given",),), rules=())
    rare = list(range(120, len(names), 2))
    found = pl.DataFrame({"left": rare, "right": [row + 1 for row in rare], "probability": [0.9] * len(rare)})
    assert most_alone(records, found, spec) == {"given": 39}
    assert most_alone(records, found.clear(), spec) == {"given": 0}
    assert most_alone(records[:80], found.clear(), spec) == {"given": 0}
    assert most_alone(records[:40], found.clear(), spec) == {}


texts = st.text("ab1", min_size=1, max_size=9)


@st.composite
def near_texts(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a text and what one or two edits, or an exchange of neighbours, make of it."""
    text = draw(texts)
    other = text
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(other)))
        other = draw(
            st.sampled_from(
                [
                    other[:at] + "b" + other[at:],
                    other[:at] + other[at + 1 :],
                    other[:at] + "a" + other[at + 1 :],
                    other[:at] + other[at : at + 2][::-1] + other[at + 2 :],
                ]
            )
        )
    return text, other or "a"


@given(st.lists(st.one_of(near_texts(), st.tuples(texts, texts)), min_size=1, max_size=40))
@example([("ab", "ba"), ("aab", "aba"), ("abab1", "abba1"), ("a", "b"), ("a", "ab"), ("baaa", "abaa")])
def test_the_quick_question_before_the_slow_one_changes_no_answer(pairs: list[tuple[str, str]]) -> None:
    slow = "damerau_levenshtein(x_l, x_r) <= 1"
    table = pl.DataFrame([*pairs, (None, "a")], schema={"x_l": pl.String, "x_r": pl.String}, orient="row").to_arrow()
    with DATABASE.cursor() as connection:
        connection.register("pairs", table)
        told = connection.table("pairs").project(f"{slow} AS slow, {_quick(slow)} AS quick").fetchall()
    assert _quick(slow) != slow
    assert [slow for slow, _ in told] == [quick for _, quick in told]
