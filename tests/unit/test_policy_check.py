"""A pack that names what there is not is refused, at the line where it does."""

from datetime import date
from pathlib import Path

import pytest

from hub.policy.check import line_of, placed, verify_names
from hub.policy.pack import default_pack, pack_of
from hub.retention.terms import laws_of, terms_of
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.errors import PolicyInvalid
from privacy.policy import policy_of
from privacy.retention import NOTHING, RetentionStart, cut_of
from tests.privacy_builders import a_pack

USAGE = {"table": "usage", "data_category": "behaviour", "years": 1}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"retention": [USAGE, USAGE | {"table": "visits"}]}, "retention[1].table"),
        ({"retention": [USAGE | {"data_category": "redacted_text"}]}, "retention[0].data_category"),
        ({"retention": [USAGE | {"purpose": "gossip"}]}, "retention[0].purpose"),
        ({"retention": [USAGE, USAGE | {"purpose": "churn", "years": 2}]}, "retention[1]"),
        ({"retention": [{"table": "people", "data_category": "behaviour", "years": 3}]}, "retention[0]"),
        ({"contact_events": [{"table": "visits"}]}, "contact_events[0].table"),
        ({"contact_events": [{"table": "usage", "column": "sort", "values": ["a"]}]}, "contact_events[0].column"),
        ({"contact_events": [{"table": "usage", "column": "kind", "values": ["a"]}]}, "contact_events[0].values"),
        (
            {
                "statutory_holds": [
                    {
                        "name": "x",
                        "country": "NO",
                        "tables": ["visits"],
                        "years": 5,
                        "after": "financial_year",
                        "purpose": "books",
                        "source": "x",
                    }
                ]
            },
            "statutory_holds[0].tables",
        ),
    ],
)
def test_what_a_pack_names_must_exist(changes: dict, where: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        verify_names(policy_of(a_pack() | changes))
    assert refused.value.where == where


def test_an_attribute_that_no_identity_has_is_not_promised() -> None:
    pack = pack_of(default_pack())
    pack["purposes"]["churn"]["reidentification"]["attributes"] = ["email", "emial"]
    with pytest.raises(PolicyInvalid, match="emial") as refused:
        verify_names(policy_of(pack))
    assert refused.value.where == "purposes.churn.reidentification.attributes"
    assert "full_name" in refused.value.remedy


def test_a_shorter_rule_for_a_purpose_narrows() -> None:
    verify_names(policy_of(a_pack() | {"retention": [USAGE, USAGE | {"purpose": "churn", "years": 1}]}))


TEXT = """version: 1
purposes:
  churn:
    version: 1
retention:
  - {table: usage}
  - table: orders
    days: 0
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("retention[0].table", 6),
        ("retention[1]", 7),
        ("retention[1].days", 8),
        ("retention[1].missing", 7),
        ("purposes.churn.version", 4),
        ("policy.version", 1),
        ("nothing", None),
    ],
)
def test_a_place_has_its_line(where: str, line: int | None) -> None:
    assert line_of(TEXT, where) == line


def test_a_refusal_names_section_line_and_rule(tmp_path: Path) -> None:
    pack = tmp_path / "pack.yaml"
    pack.write_text(TEXT, encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=r"retention\[1\]\.days \(line 8\): whole number; write 1"), placed(pack):
        raise PolicyInvalid("retention[1].days", "whole number", "write 1")


def test_the_default_pack_names_what_there_is_and_ends_everything() -> None:
    """Whatever the lake holds has an end by the pack we ship; nothing counts from an event that is no contact."""
    policy = policy_of(pack_of(default_pack()))
    verify_names(policy)
    for table in LAKE_TABLES.values():
        for rules in terms_of(policy, table).rules.values():
            assert all(cut_of(rule, on=date(2060, 1, 1)) != NOTHING for rule in rules)
    assert {law.country for law in policy.statutory_holds} == {"NO", "SE", "DK", "DE"}
    assert all(rule.source for rule in policy.retention)
    assert [law.name for law in laws_of(policy, "orders")] == ["bokforingsloven"]
    assert any(rule.starts is RetentionStart.LAST_CONTACT for rule in policy.retention)
