"""Golden records as a function of what records say: the obvious evaluator agrees, and what must always hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.canonical.identity import attributes_of
from ingest.errors import RulesInvalid
from ingest.survivorship.facts import CORRECTIONS, TOLD, Facts, compared
from ingest.survivorship.golden import survive
from ingest.survivorship.rules import Criterion, Rules, document_of, rules_of, shipped, shipped_text
from privacy.terms import EntityKind
from tests.oracle.golden_oracle import golden_of

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("crm", "shop", "support")
SAID: dict[str, tuple[str | None, ...]] = {
    "given_name": (None, "Kari", "KARI", "K.", "Dr. Kari", "Ola"),
    "family_name": (None, "Nordmann", "von Nordmann", "Moe"),
    "full_name": (None, "Kari Nordmann", "Nordmann, Kari", "Ola Moe", "Madonna"),
    "email": (None, "a@b.no", "A@B.NO ", "c@d.no", "none", " "),
    "phone": (None, "90012345", "+47 900 12 345", "070-174 06 05", "ring meg"),
    "national_id": (None, "01010750160", "010107 50160", "123"),
    "birth_date": (None, "2007-01-01", "01.01.2007", "2007-13-40"),
    "street": (None, "Storgata 1", "Storgt. 1", "Veien 2"),
    "postcode": (None, "0150", "N-0150", "5003"),
    "city": (None, "Oslo", "OSLO", "Bergen"),
    "country": (None, "NO", "no", "SE", "Norge"),
}
FEW = settings(max_examples=8)
"""Each example is some dozen queries for every rule; the obvious evaluator sees more of them."""
CORRECTABLE = ("email", "street", "given_name", "full_name")

rows = st.fixed_dictionaries(
    {
        "entity": st.sampled_from([b"one", b"two"]),
        "source": st.sampled_from(SOURCES),
        "revision": st.integers(1, 3),
        "said_at": st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)),
        "corrected": st.dictionaries(st.sampled_from(CORRECTABLE), st.integers(0, 2), max_size=1)
        | st.just(dict[str, int]()),
        **{name: st.sampled_from(values) for name, values in SAID.items()},
    }
)
records = st.lists(rows, min_size=1, max_size=7)


@st.composite
def some_rules(draw: st.DrawFn) -> Rules:
    """The shipped rules with other orders of criteria and sources; together with what is filled in, and what is not."""
    document: Any = document_of(shipped_text())
    document["sources"] = draw(st.permutations(SOURCES))[: draw(st.integers(0, 3))]
    for rule in document["person"].values():
        rule["by"] = draw(st.lists(st.sampled_from([each.value for each in Criterion]), min_size=1, unique=True))
        rule["missing"] = draw(st.sampled_from(["fill", "leave"]))
    return rules_of(document)


def facts_of(rows: list[dict[str, Any]], *, numbered: list[int] | None = None) -> Facts:
    """Make facts of drawn rows; record ids follow their place, or the numbers given."""
    numbers = range(len(rows)) if numbered is None else numbered
    told = [{**row, "record": bytes([n])} for n, row in zip(numbers, rows, strict=True)]
    made = [
        (row["record"], name, DAY + timedelta(hours=hours)) for row in told for name, hours in row["corrected"].items()
    ]
    names = dict.fromkeys(SAID, pl.String)
    return Facts(
        told=pl.DataFrame([{k: v for k, v in row.items() if k != "corrected"} for row in told], schema=TOLD | names),
        corrections=pl.DataFrame(made, schema=CORRECTIONS, orient="row"),
        kind=EntityKind.PERSON,
        country="NO",
    )


def as_set(frame: pl.DataFrame) -> set[tuple[Any, ...]]:
    return set(frame.rows())


@settings(max_examples=40)
@given(records, some_rules())
def test_the_obvious_evaluator_finds_the_same(drawn: list[dict[str, Any]], rules: Rules) -> None:
    facts = facts_of(drawn)
    corrections = {(record, name): at for record, name, at in facts.corrections.rows()}
    expected = []
    for entity in sorted({row["entity"] for row in drawn}):
        mine = compared(facts).filter(pl.col("entity") == entity).to_dicts()
        expected += golden_of(mine, corrections, rules.of_kind[EntityKind.PERSON])
    found = survive(facts, rules)
    assert found.to_dicts() == [{name: row[name] for name in found.columns} for row in expected]


@FEW
@given(records, some_rules(), st.randoms(use_true_random=False))
def test_row_order_never_matters(drawn: list[dict[str, Any]], rules: Rules, chance: Any) -> None:
    facts = facts_of(drawn)
    places = list(range(len(drawn)))
    chance.shuffle(places)
    shuffled = Facts(
        told=facts.told[places], corrections=facts.corrections.reverse(), kind=facts.kind, country=facts.country
    )
    assert survive(facts, rules).equals(survive(shuffled, rules))


@FEW
@given(records, some_rules())
def test_a_value_that_stands_was_said_by_the_member_that_is_named(drawn: list[dict[str, Any]], rules: Rules) -> None:
    for row in survive(facts_of(drawn), rules).to_dicts():
        (number,) = row["record"]
        member = drawn[number]
        assert row["value"] == member[row["attribute"]]
        assert {key: row[key] for key in ("entity", "source", "revision", "said_at")} == {
            key: member[key] for key in ("entity", "source", "revision", "said_at")
        }


@FEW
@given(records, some_rules())
def test_an_attribute_that_is_said_stands_unless_its_rule_took_another_record(
    drawn: list[dict[str, Any]], rules: Rules
) -> None:
    """Nothing vanishes and nothing is made up: a rule of one attribute has a value where anybody says one."""
    found = survive(facts_of(drawn), rules)
    gone = {row["entity"] for row in drawn if "email" in row["corrected"]}
    for entity in {row["entity"] for row in drawn} - gone:
        said = {row["email"] for row in drawn if row["entity"] == entity and (row["email"] or "").strip()}
        stands = found.filter((pl.col("entity") == entity) & (pl.col("attribute") == "email"))["value"].to_list()
        assert bool(said) == bool(stands)


@FEW
@given(records, some_rules())
def test_an_address_is_never_mixed(drawn: list[dict[str, Any]], rules: Rules) -> None:
    leaving = Rules(
        rules.version,
        {
            kind: tuple(
                rule for rule in rules.of_kind[kind] if rule.name == "address" and rule.missing.value == "leave"
            )
            or shipped().of_kind[kind]
            for kind in EntityKind
        },
    )
    address = survive(facts_of(drawn), leaving).filter(
        pl.col("attribute").is_in(["street", "postcode", "city", "country"])
    )
    assert address.group_by("entity").agg(pl.col("record").n_unique())["record"].max() in {None, 1}


@FEW
@given(records, some_rules())
def test_what_fills_a_name_comes_from_one_record_and_contradicts_nothing(
    drawn: list[dict[str, Any]], rules: Rules
) -> None:
    facts = facts_of(drawn)
    forms = {row["record"]: row for row in compared(facts).to_dicts()}
    names = survive(facts, rules).filter(
        pl.col("attribute").str.ends_with("_name") & (pl.col("attribute") != "organisation_name")
    )
    for (_,), rows in names.group_by("entity"):
        assert rows["record"].n_unique() <= 2
        told = [forms[record] for record in rows["record"].unique()]
        for part in ("derived:given_name", "derived:family_name"):
            assert len({each[part] for each in told if each[part] is not None}) <= 1


@FEW
@given(records, some_rules())
def test_merging_and_taking_apart_again_is_identity(drawn: list[dict[str, Any]], rules: Rules) -> None:
    """What stands follows from the members of the moment: nothing of having been one stays."""
    before = survive(facts_of(drawn), rules)
    merged = survive(facts_of([{**row, "entity": b"one"} for row in drawn]), rules)
    assert merged["entity"].unique().to_list() in ([], [b"one"])
    assert survive(facts_of(drawn), rules).equals(before)
    alone = [survive(facts_of([row], numbered=[n]), rules) for n, row in enumerate(drawn)]
    apart = survive(facts_of([{**row, "entity": bytes([n])} for n, row in enumerate(drawn)]), rules)
    assert as_set(apart.drop("entity")) == as_set(pl.concat(alone).drop("entity"))


@FEW
@given(records, some_rules())
def test_another_customer_changes_nothing(drawn: list[dict[str, Any]], rules: Rules) -> None:
    whole = survive(facts_of(drawn), rules)
    for entity in {row["entity"] for row in drawn}:
        mine = [(n, row) for n, row in enumerate(drawn) if row["entity"] == entity]
        alone = survive(facts_of([row for _, row in mine], numbered=[n for n, _ in mine]), rules)
        assert alone.equals(whole.filter(pl.col("entity") == entity))


@FEW
@given(st.lists(st.sampled_from(["a@b.no", "A@b.no", "c@d.no", "e@f.no"]), min_size=1, max_size=9))
def test_more_agreement_never_loses_to_less(said: list[str]) -> None:
    document: Any = document_of(shipped_text())
    document["person"]["email"]["by"] = ["agreement"]
    blank = dict.fromkeys(SAID) | {"entity": b"one", "source": "crm", "revision": 1, "said_at": DAY, "corrected": {}}
    (row,) = survive(facts_of([blank | {"email": each} for each in said]), rules_of(document)).to_dicts()
    counts = [sum(each.lower() == other.lower() for other in said) for each in said]
    assert row["agreeing"] == max(counts)
    assert row["differing"] == len(said) - max(counts)


@FEW
@given(records, some_rules(), st.integers(0, 8), st.sampled_from(["new@right.no", None]))
def test_a_correction_by_the_customer_wins_over_everything(
    drawn: list[dict[str, Any]], rules: Rules, place: int, right: str | None
) -> None:
    row = drawn[place % len(drawn)]
    told = [{**each, "corrected": {k: v for k, v in each["corrected"].items() if k != "email"}} for each in drawn]
    told[place % len(drawn)] = {**row, "email": right, "corrected": {"email": 1}}
    found = survive(facts_of(told), rules).filter(
        (pl.col("entity") == row["entity"]) & (pl.col("attribute") == "email")
    )
    if right is None:
        assert found.is_empty(), "the customer said that there is none"
    else:
        assert found.select("value", "decided_by").rows() == [(right, "correction")]


def test_an_organisation_has_a_golden_record_of_its_own_attributes() -> None:
    told = [
        (b"one", b"1", "crm", 1, DAY, "Nordvik Bygg AS", "923609017", "nordvik.no"),
        (b"one", b"2", "erp", 1, DAY, "NORDVIK BYGG", "923 609 016", "https://www.nordvik.no/om"),
        (b"one", b"3", "erp", 2, DAY + timedelta(days=1), "Nordvik Byg", None, None),
    ]
    names = dict.fromkeys(("organisation_name", "organisation_number", "domain"), pl.String)
    facts = Facts(
        told=pl.DataFrame(told, schema=TOLD | names, orient="row"),
        corrections=pl.DataFrame(schema=CORRECTIONS),
        kind=EntityKind.ORGANISATION,
        country="NO",
    )
    found = {row["attribute"]: (row["value"], row["decided_by"]) for row in survive(facts, shipped()).to_dicts()}
    assert found == {
        "organisation_name": ("Nordvik Bygg AS", "agreement"),
        "organisation_number": ("923 609 016", "completeness"),
        "domain": ("nordvik.no", "only"),
    }


def test_the_shipped_rules_speak_of_every_attribute() -> None:
    for kind in EntityKind:
        told = [name for rule in shipped().of_kind[kind] for name in rule.attributes]
        assert sorted(told) == sorted(attributes_of(kind))


def broken(**changes: Any) -> dict[str, Any]:
    document: Any = document_of(shipped_text())
    for path, value in changes.items():
        *above, last = path.split("__")
        place = document
        for key in above:
            place = place[key]
        place[last] = value
    return dict(document)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"version": 0}, "version"),
        ({"version": True}, "version"),
        ({"sources": "crm"}, "sources"),
        ({"sources": ["crm", "crm"]}, "sources"),
        ({"sources": [1]}, "sources"),
        ({"colour": "red"}, "(top)"),
        ({"person": []}, "person"),
        ({"person__email": {"attributes": ["email"], "by": ["beauty"]}}, "person.email"),
        ({"person__email": {"attributes": [], "by": ["source"]}}, "person.email"),
        ({"person__email": {"attributes": ["email"], "by": []}}, "person.email"),
        ({"person__email": {"attributes": ["phone"], "by": ["source"]}}, "person"),
        ({"person__email": {"attributes": ["fax"], "by": ["source"]}}, "person"),
        ({"person__email__missing": "guess"}, "person.email.missing"),
        ({"person__email__weight": 3}, "person.email"),
    ],
)
def test_rules_that_cannot_be_are_refused_with_place_and_remedy(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        rules_of(broken(**changes))
    assert refused.value.where == where
    assert refused.value.remedy


def test_what_is_no_yaml_is_refused_by_line() -> None:
    with pytest.raises(RulesInvalid, match="line 3"):
        document_of("version: 1\nsources: [crm\nperson: {}")
    with pytest.raises(RulesInvalid, match="mapping"):
        document_of("- version")
