"""What answers for one record against what answers for millions: levels, keys, rarities."""

import string

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from ingest.errors import SpecInvalid
from ingest.match.candidates import LARGEST_BLOCK, candidate_pairs, random_pairs
from ingest.match.condition import condition_of
from ingest.match.edges import weighed
from ingest.match.few_edges import FewEdges
from ingest.match.few_pairs import FewPairs
from ingest.match.few_people import comparable_few
from ingest.match.form import ATTRIBUTES, comparable_people, given_records
from ingest.match.keys import carriers_of, key_values, key_values_of, keys_of, pairs_that_share
from ingest.match.linkage import Decided
from ingest.match.organisation import comparable_organisations
from ingest.match.partition import partition, partition_of_few
from ingest.match.pooled import Pool, counted, rare, rarities, rarity_of
from ingest.match.rarity import Usual, usual_shares
from ingest.match.saved import shipped
from ingest.match.scorer import levels_of
from ingest.match.spec import read_spec
from ingest.match.suspicion import OWN
from ingest.match.trust import lifted_by
from ingest.match.whole import believed
from ingest.pipeline.few_comparing import in_vain, that_share
from tests.match_crowd import crowd
from tests.match_firms import firms

PERSON = read_spec("person")
FEW = FewPairs(PERSON.comparisons)
COLUMNS = sorted(set(comparable_people(crowd(20)).columns) - {"record"})
near = st.sampled_from(["hansen", "hansn", "hanssen", "ole", "o", "19700102", "19700201", "storgata 1", "0150", "åse"])
texts = st.none() | near | st.text(string.ascii_lowercase + "åø 1", min_size=1, max_size=8)


def test_levels_are_those_of_many_pairs() -> None:
    records = comparable_people(crowd(600, shared=5))
    keys = [("given", "family"), ("postcode",), ("birth_year",), ("email",), ("initial", "family_start")]
    pairs = pl.concat([candidate_pairs(records, keys), random_pairs(records.height, 3000)]).unique(maintain_order=True)
    found = FEW.levels_of(records, pairs.rows())
    assert_frame_equal(found, levels_of(records, pairs, PERSON.comparisons))
    assert min(found[f"level_{name}"].n_unique() for name in ("given", "family", "birth", "phone", "address")) > 2


def test_levels_of_organisations_are_too() -> None:
    spec = read_spec("organisation")
    records = comparable_organisations(firms(40))
    pairs = random_pairs(records.height, 2000)
    assert_frame_equal(
        FewPairs(spec.comparisons).levels_of(records, pairs.rows()), levels_of(records, pairs, spec.comparisons)
    )


@given(
    carried=st.dictionaries(st.integers(0, 5), st.sets(st.integers(1, 9))),
    alone=st.dictionaries(st.integers(0, 5), st.integers(0, 11)),
)
def test_one_record_is_compared_with_whom_a_delivery_of_it_is(
    carried: dict[int, set[int]], alone: dict[int, int]
) -> None:
    few = {token: {bytes([each]) for each in records} for token, records in carried.items()}
    mine = pl.DataFrame(
        [(b"", token, token) for token in few], {"record": pl.Binary, "token": pl.Int64, "key": pl.Int64}, orient="row"
    )
    beside = [(each, token) for token, records in few.items() for each in records]
    others = pl.DataFrame(beside, {"record": pl.Binary, "token": pl.Int64}, orient="row")
    shared = carriers_of(mine, others).filter(pl.col("carriers").is_between(2, LARGEST_BLOCK))
    pairs = pairs_that_share(mine, others, shared, alone=alone)
    assert that_share(few, in_vain(few, alone)) == pairs["other"].to_list()


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, texts)), min_size=8, max_size=8))
def test_levels_of_anything_are_the_same(rows: list[dict[str, str | None]]) -> None:
    records = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    pairs = [(one, other) for one in range(8) for other in range(one + 1, 8)]
    asked = pl.DataFrame(pairs, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row")
    assert_frame_equal(FEW.levels_of(records, pairs), levels_of(records, asked, PERSON.comparisons))


@pytest.mark.parametrize(
    "text",
    ["NOT a_l = a_r", "upper(a_l) = a_r", "a = b_r", "a_l = a_r)", "a_l = (", "jaccard(a_l, a_r) >= 1", "a_l ~ 1"],
)
def test_a_condition_that_only_sql_can_ask_is_refused(text: str) -> None:
    with pytest.raises(SpecInvalid, match="not of a single one"):
        condition_of(text)


def test_keys_are_those_of_many_records() -> None:
    records = comparable_people(crowd(200))
    told = {(row, name, value) for name, some in key_values(records, keys_of(PERSON)) for row, value in some.rows()}
    each = {
        (row, name, value)
        for row, values in enumerate(records.to_dicts())
        for name, value in key_values_of(values, keys_of(PERSON))
    }
    assert each == told
    assert len(each) > 1000


@pytest.mark.parametrize("usual", [Usual(0.001), Usual(0.001, 61)])
def test_a_value_is_as_rare_by_itself_as_in_its_column(usual: Usual) -> None:
    pool = Pool(pl.DataFrame({"value": ["Kari", "Ola"], "len": [70, 6]}), values=4, carriers=9, told_elsewhere=100)
    told, uncommon = 70 + 6 + 9 + 100, 9 / 4
    carriers = {"Kari": 70, "Ola": 6, "Liv": None}
    found = [rarity_of(carriers[name], told, uncommon, usual) for name in carriers]
    assert_series_equal(pl.Series("rare", found, dtype=pl.Float32), rare(pl.Series(list(carriers)), pool, usual))


places = st.integers(0, 6)
told = st.tuples(
    places, places, st.floats(0, 1) | st.sampled_from([0.05, 0.5, 0.9, 1.0]), *[st.sampled_from([-1, 0, 1, 3])] * 3
)


@settings(max_examples=60, deadline=None)
@given(st.lists(told, max_size=14), st.lists(st.sampled_from([None, None, "1", "2"]), min_size=7, max_size=7))
def test_a_handful_is_clustered_as_many_are(rows: list[tuple[int, ...]], numbers: list[str | None]) -> None:
    pairs = {(min(a, b), max(a, b)): each for a, b, *each in rows if a != b}
    edges = sorted((a, b, probability, tuple(levels)) for (a, b), (probability, *levels) in pairs.items())
    schema = {"left": pl.UInt32, "right": pl.UInt32, "probability": pl.Float64}
    schema |= {f"level_{name}": pl.Int8 for name in OWN}
    frame = pl.DataFrame([(*each[:3], *each[3]) for each in edges], schema=schema, orient="row")
    for threshold in (0.05, 0.5, 0.8):
        many = partition(frame, numbers, threshold, Decided())
        few = partition_of_few(edges, numbers, threshold)
        assert (few is None) <= bool(many.doubts.height), "left to the other way only if it doubts something"
        if few is not None:
            assert few.clusters.tolist() == many.clusters.tolist()
            assert_frame_equal(few.doubts, many.doubts)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.9]), min_size=3, max_size=3), st.data())
def test_the_most_trusted_rule_that_holds_lifts_a_pair(worth: list[float], data: st.DataObject) -> None:
    values = st.none() | st.sampled_from(["a", "b"])
    columns = sorted({column for rule in PERSON.rules for column in rule.equal})
    frame = pl.DataFrame({name: data.draw(st.lists(values, min_size=3, max_size=3)) for name in columns})
    level = st.lists(st.integers(-1, 1), min_size=3, max_size=3)
    levels = {f"level_{name}": data.draw(level) for name in ("birth", "national_id")}
    edges = pl.DataFrame({"left": [0, 0, 1], "right": [1, 2, 2], "probability": [0.4, 0.0, 0.9], **levels})
    trusts = {rule.name: share for rule, share in zip(PERSON.rules, worth, strict=True)}
    found = lifted_by(frame, edges, PERSON.rules, trusts)
    for row in found.iter_rows(named=True):
        one, other = frame.row(row["left"], named=True), frame.row(row["right"], named=True)
        holding = [
            rule.name
            for rule in PERSON.rules
            if trusts[rule.name] > 0
            and all(one[name] is not None and one[name] == other[name] for name in rule.equal)
            and all(row[f"level_{name}"] != 0 for name in rule.unless)
        ]
        best = max(holding, key=trusts.__getitem__, default=None)
        before = edges.filter(left=row["left"], right=row["right"])["probability"][0]
        assert (row["rule"], row["probability"]) == (best, max(before, trusts[best] if best else 0.0))


signs = st.text(string.ascii_letters + " ,.'-/@+:0123456789åØöüßéÉ", max_size=14)
names = st.sampled_from(["von Essen", "Dr. Åse Haar", "De", "Hansen, Ola", "Mr", "Thorén", "O'Brien jr"]) | signs
numbers = st.sampled_from(["+47 22 86 44 00", "22864400", "070-174 06 05", "01010012356", "19900101-2384"]) | signs
days = st.sampled_from(["1970-02-01", "19700201", "1970-2-1", "1970-02-01T00:00", "197-02-01"]) | signs
written = {
    "country": st.sampled_from(["NO", " se", ""]) | signs,
    "birth_date": days,
    "phone": numbers,
    "national_id": numbers,
    "email": st.sampled_from(["Ola.N+x@Example.com ", "mailto:a@b.no"]) | signs,
    "street": st.sampled_from(["Storgata 1 b", "Åkerveien", "Kirkegt. 12", "Hauptstraße 3"]) | signs,
    "postcode": st.sampled_from(["N-0150", "0150", "SW1A 1AA"]) | signs,
    "sex": st.sampled_from(["Mann", "k"]) | signs,
}


rows_of_people = st.fixed_dictionaries({name: st.none() | written.get(name, names) for name in ATTRIBUTES})


@settings(max_examples=40, deadline=None)
@given(st.lists(rows_of_people, min_size=1, max_size=3))
def test_a_handful_is_formed_as_many_are(rows: list[dict[str, str | None]]) -> None:
    records = pl.DataFrame(rows, schema=dict.fromkeys(ATTRIBUTES, pl.String))
    given_rows = records.select(pl.lit("till").alias("source"), pl.int_range(pl.len()).alias("record"), pl.all())
    many = pl.concat([given_rows] * -(-300 // len(rows))).with_columns(record=pl.int_range(pl.len()))
    for start in range(len(rows)):
        few = comparable_few(given_rows[start : start + 1])
        if few is not None:
            assert_frame_equal(few, comparable_people(many)[start : start + 1])


def test_people_who_write_as_most_do_are_formed_one_by_one() -> None:
    records = given_records(crowd(900), ATTRIBUTES)
    few = comparable_few(records.select("record", "source", *ATTRIBUTES))
    assert few is not None
    assert_frame_equal(few.sort("record"), comparable_people(records))


def test_edges_of_a_few_pairs_are_those_of_many() -> None:
    model = shipped()
    records = comparable_people(crowd(400, shared=5))
    usual = usual_shares(model.spec, model.model)
    pools = dict(counted(records, list(usual)))
    rare = rarities(records, pools, usual)
    keys = [("given", "family"), ("postcode",), ("email",), ("initial", "family_start")]
    pairs = pl.concat([candidate_pairs(records, keys), random_pairs(records.height, 500)]).unique(maintain_order=True)
    many = believed(
        records, weighed(levels_of(records, pairs, PERSON.comparisons), model.spec, model.model, rare), model
    )
    floats = {name: series.to_numpy() for name, series in rare.items()}
    few = FewEdges(model).edges_of(records.to_dicts(), pairs.rows(), floats)
    names = model.model.names
    assert [(e.left, e.right) for e in few] == many.select("left", "right").rows()
    assert [e.weight for e in few] == many["weight"].to_list()
    assert [e.probability for e in few] == many["probability"].to_list()
    assert [e.rule or None for e in few] == many["rule"].to_list()
    assert [tuple(e.levels.values()) for e in few] == many.select(f"level_{name}" for name in names).rows()
    assert many["rule"].drop_nulls().n_unique() > 1
    weights = many.select(*(f"weight_{name}" for name in names), "weight_look_alikes").to_numpy().astype(">f4")
    assert [e.weights for e in few] == [row.tobytes() for row in weights]
