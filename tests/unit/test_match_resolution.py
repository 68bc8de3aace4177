"""Records in, clusters out: households stay apart, order leaves no trace, numbers are never crossed, nothing spills."""

import polars as pl
import pytest

from ingest.errors import ColumnsUnfit
from ingest.match.evaluation import evaluate
from ingest.match.form import ATTRIBUTES, comparable_people, mapped
from ingest.match.learning import learn
from ingest.match.model import read, written
from ingest.match.organisation import comparable_organisations
from ingest.match.resolution import Resolution, resolve
from ingest.match.spec import read_spec
from tests.match_firms import firms
from tests.match_people import people

PERSON = read_spec("person")


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return people(120)


@pytest.fixture(scope="module")
def resolved(records: pl.DataFrame) -> Resolution:
    return resolve(comparable_people(records), PERSON)


def test_people_are_found_and_households_are_not_merged(records: pl.DataFrame, resolved: Resolution) -> None:
    told = evaluate(resolved.clusters, records.select("record", "entity"))
    assert told.records == records.height
    assert told.pairwise.precision > 0.97
    assert told.pairwise.recall > 0.95
    assert told.b_cubed.f1 > 0.97


def test_households_are_learned_as_what_they_are(records: pl.DataFrame, resolved: Resolution) -> None:
    household = next(each for each in resolved.model.look_alikes if each.name == "household")
    pairs = records.height * (records.height - 1) / 2
    together = records.join(records, on=["street", "postcode"]).filter(
        (pl.col("record") < pl.col("record_right")) & (pl.col("entity") != pl.col("entity_right"))
    )
    assert 0.5 * together.height < household.share * pairs < 1.5 * together.height


def test_the_order_of_records_leaves_no_trace(records: pl.DataFrame, resolved: Resolution) -> None:
    shuffled = comparable_people(records.sample(fraction=1.0, shuffle=True, seed=7))
    again = resolve(shuffled, PERSON, resolved.model)
    known = resolve(resolved.records, PERSON, resolved.model)
    assert again.clusters.equals(known.clusters)
    assert again.edges.equals(known.edges)


def test_a_saved_model_gives_the_clusters_that_it_gave_when_trained(resolved: Resolution) -> None:
    again = resolve(resolved.records, PERSON, read(written(resolved.model, resolved.report), PERSON))
    assert again.clusters.equals(resolved.clusters)
    assert again.threshold.at == pytest.approx(resolved.threshold.at)


def test_what_a_saved_model_was_cut_at_does_not_move_with_a_batch(resolved: Resolution) -> None:
    """What is frozen with a model does not move with a batch; only how rare a value is, is counted anew."""
    alone = resolve(resolved.records.head(40), PERSON, resolved.model)
    assert alone.threshold.at == resolved.threshold.at
    assert alone.model.curve == resolved.model.curve


def test_a_model_holds_no_value_of_a_record(records: pl.DataFrame, resolved: Resolution) -> None:
    text = written(resolved.model, resolved.report).casefold()
    values = {
        str(value).casefold() for name in ATTRIBUTES if name in records.columns for value in records[name].unique()
    }
    assert [value for value in values if len(value) > 4 and value in text] == []


def test_edges_hold_numbers_and_rule_names_alone(resolved: Resolution) -> None:
    texts = [name for name, kind in resolved.edges.schema.items() if not kind.is_numeric()]
    assert texts == ["rule"]
    assert set(resolved.edges["rule"].drop_nulls()) <= {rule.name for rule in PERSON.rules}


def test_weights_of_the_comparisons_add_up_to_the_weight(resolved: Resolution) -> None:
    parts = [f"weight_{name}" for name in [*resolved.model.names, "look_alikes"]]
    told = resolved.edges.select(difference=pl.sum_horizontal(parts) + resolved.model.prior - pl.col("weight"))
    assert told["difference"].abs().max() < 1e-3  # type: ignore[operator]  # a float column's greatest is a float


def test_two_checked_numbers_are_two_persons_whatever_else_agrees(resolved: Resolution) -> None:
    cluster = resolved.clusters.filter(pl.len().over("cluster") > 1)["cluster"][0]
    members = resolved.clusters.with_row_index().filter(pl.col("cluster") == cluster)["index"].to_list()
    ids = [f"NO:{members.index(row)}" if row in members else None for row in range(resolved.records.height)]
    again = resolve(resolved.records.with_columns(checked_id=pl.Series(ids)), PERSON, resolved.model)
    assert again.linkage.refused > 0
    assert again.clusters[members]["cluster"].n_unique() == len(members)


def test_one_record_or_none_is_resolved_to_itself(resolved: Resolution) -> None:
    for rows in (0, 1):
        assert resolve(resolved.records.head(rows), PERSON, resolved.model).clusters.height == rows


def test_records_need_names_of_their_own() -> None:
    table = pl.DataFrame({"id": ["a", "a"], "from": ["x", "x"], "first": ["Kari", "Ola"]})
    columns = {"record": "id", "source": "from", "given_name": "first"}
    with pytest.raises(ColumnsUnfit, match="twice"):
        comparable_people(mapped(table, columns))
    with pytest.raises(ColumnsUnfit, match="no attribute"):
        mapped(table, columns | {"shoe_size": "first"})


def test_a_number_of_six_countries_is_read_by_the_records_own() -> None:
    phones = ["40612345", "070-174 06 05", "20 12 34 56", "041 2345678", "030 123456", "07400 123456"]
    table = pl.DataFrame(
        {
            "record": range(6),
            "source": "crm",
            "phone": phones,
            "country": ["NO", "SE", "DK", "FI", "DE", "GB"],
        }
    )
    assert comparable_people(table)["phone"].to_list() == [
        "+4740612345",
        "+46701740605",
        "+4520123456",
        "+358412345678",
        "+4930123456",
        "+447400123456",
    ]


def test_eight_records_are_told_apart_by_what_is_shipped() -> None:
    rows = [
        ("crm", "Kari", "Hansen", "1980-04-03", "Storgata 5", "0150"),
        ("shop", "Kari", "Hanssen", "1980-04-03", "Storgt. 5", "0150"),
        ("crm", "Ola", "Hansen", "1978-01-02", "Storgata 5", "0150"),
        ("desk", "Ola", "Hansen", None, "Storgata 5", "0150"),
        ("crm", "Kari", "Hansen", "1991-12-24", "Kirkeveien 9", "5003"),
        ("shop", "Per", "Berg", "1955-05-05", "Parkveien 1", "7010"),
        ("desk", "Per", "Berg", "1955-05-05", None, None),
        ("crm", "Liv", "Moen", "1960-06-06", "Fjordgata 2", "9008"),
    ]
    columns = ["source", "given_name", "family_name", "birth_date", "street", "postcode"]
    records = comparable_people(pl.DataFrame(rows, schema=columns, orient="row").with_row_index("record"))
    assert resolve(records, PERSON).clusters["cluster"].to_list() == [0, 0, 2, 2, 4, 5, 5, 7]
    assert resolve(records.head(0), PERSON).clusters.is_empty()


def test_a_source_that_has_each_person_once_is_learned_to_be_one(resolved: Resolution) -> None:
    otherwise, same_source = resolved.model.weights("source")
    assert same_source < -1 < 0 < otherwise


def test_a_few_clear_pairs_do_not_teach_that_every_pair_is_one_nor_that_only_clear_ones_are() -> None:
    """Two enterprises, each on record twice, word for word: of what is less alike they say nothing."""
    rows = firms(40, seed=4).unique("entity", keep="first", maintain_order=True).head(30)
    twice = pl.concat([rows, rows.head(2).with_columns(record=pl.col("record") + 1000, source=pl.lit("other"))])
    learned = learn(comparable_organisations(twice), read_spec("organisation")).resolution
    curve = learned.model.curve
    assert curve is not None
    unlike, even, clear = curve.probability(pl.Series([-8.0, 0.0, 12.0]))
    assert unlike < 0.01
    assert even <= 0.5
    assert clear > 0.9
    assert learned.threshold.at <= 0.5
    found = learned.clusters.group_by("cluster").len().filter(pl.col("len") > 1)
    assert found["len"].to_list() == [2, 2]
