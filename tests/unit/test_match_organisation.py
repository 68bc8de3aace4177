"""Organisations: their form, that sister companies stay apart, and what training reports."""

import polars as pl
import pytest

from ingest.match.calibration import Curve
from ingest.match.evaluation import evaluate
from ingest.match.organisation import comparable_organisations
from ingest.match.report import histogram, told_of
from ingest.match.resolution import Resolution, resolve
from ingest.match.spec import read_spec
from tests.match_firms import chains, firms

ORGANISATION = read_spec("organisation")


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return firms(100)


@pytest.fixture(scope="module")
def resolved(records: pl.DataFrame) -> Resolution:
    return resolve(comparable_organisations(records), ORGANISATION)


def comparable(**attributes: list[str | None]) -> pl.DataFrame:
    table = pl.DataFrame(attributes).with_row_index("record").with_columns(source=pl.lit("erp"))
    return comparable_organisations(table)


@pytest.mark.parametrize(
    ("name", "plain", "form"),
    [
        ("Nordvik Bygg AS", "nordvik bygg", "as"),
        ("Nordvik Bygg A/S", "nordvik bygg", "as"),
        ("Söderberg Åkeri AB", "soderberg akeri", "ab"),
        ("Müller Maschinen GmbH & Co. KG", "muller maschinen", "gmbh co kg"),
        ("Vik Handel ApS", "vik handel", "aps"),
        ("Northern Foods Limited", "northern fods", "ltd"),
        ("Northern Foods Ltd.", "northern fods", "ltd"),
        ("AS", "as", None),
        ("Havnegruppen", "havnegrupen", None),
    ],
)
def test_a_name_is_told_from_its_legal_form(name: str, plain: str, form: str | None) -> None:
    told = comparable(organisation_name=[name]).row(0, named=True)
    assert told["legal_form"] == form
    assert told["name"].replace("oo", "o").replace("pp", "p") == plain


def test_a_number_counts_as_checked_only_with_its_check_digit() -> None:
    told = comparable(organisation_number=["923 609 016", "923 609 017"], country=["NO", "NO"])
    assert told["checked_id"].to_list() == ["NO:923609016", None]
    assert told["number"].to_list() == ["923609016", "923609017"]


def test_a_domain_is_that_of_the_site_or_of_the_address() -> None:
    told = comparable(domain=["https://www.example.no/om", None], email=["post@other.example", "Post@Example.NO"])
    assert told["domain"].to_list() == ["example.no", "example.no"]


def test_organisations_are_found_and_sister_companies_are_not_merged(
    records: pl.DataFrame, resolved: Resolution
) -> None:
    told = evaluate(resolved.clusters, records.select("record", "entity"))
    assert told.pairwise.precision > 0.95
    assert told.pairwise.recall > 0.95


@pytest.mark.parametrize("missing", [[], ["organisation_number"]], ids=["numbers", "no-numbers"])
def test_shops_of_a_chain_are_not_taken_for_one_another(missing: list[str]) -> None:
    some, others = firms(200), chains(40)
    records = pl.concat([some, others.select(some.columns).with_columns(pl.col("record", "entity") + 1_000_000)])
    told = resolve(comparable_organisations(records.drop(missing)), ORGANISATION)
    quality = evaluate(told.clusters, records.select("record", "entity")).pairwise
    assert quality.precision > 0.95
    assert quality.recall > 0.95


def test_groups_that_happen_to_have_a_name_in_common_do_not_make_sisters_one() -> None:
    records = firms(300)
    told = resolve(comparable_organisations(records.drop("organisation_number")), ORGANISATION)
    quality = evaluate(told.clusters, records.select("record", "entity")).pairwise
    assert quality.precision > 0.95
    assert quality.recall > 0.95


def test_groups_are_learned_as_what_they_are(resolved: Resolution) -> None:
    group = next(each for each in resolved.model.look_alikes if each.name == "group")
    assert group.share > 1e-4


def test_every_pair_compared_stands_in_the_histogram(resolved: Resolution) -> None:
    report = told_of(resolved.records, resolved.weights, ORGANISATION, resolved.model)
    assert sum(pairs for _, pairs in report["weights"]) == resolved.compared
    assert [lower for lower, _ in report["weights"]] == sorted(lower for lower, _ in report["weights"])


def test_a_bar_begins_at_its_weight_and_ends_before_the_next() -> None:
    assert histogram(pl.Series([-99.0, -0.1, 0.0, 1.9, 2.0, 99.0])) == [[-40, 1], [-2, 1], [0, 2], [2, 1], [40, 1]]


def test_a_record_that_says_nothing_cannot_be_matched(resolved: Resolution) -> None:
    told = resolved.records
    empty = told.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in told.columns[2:])
    half = pl.concat([told.head(100), empty.tail(100)])
    everything = told_of(told.head(100), resolved.weights, ORGANISATION, resolved.model)["unlinkable"]
    assert everything < 0.2
    assert told_of(half, resolved.weights, ORGANISATION, resolved.model)["unlinkable"] >= 0.5
    assert resolved.model.curve != Curve((0.0,), (0.5,))
