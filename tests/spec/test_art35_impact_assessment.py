"""Article 35: a use that is likely a high risk to people is assessed before it begins."""

from itertools import combinations
from pathlib import Path

import pytest

from hub.policy.pack import default_pack
from privacy.errors import PolicyInvalid
from privacy.risk import RiskCriterion
from tests.integration.cli_desk import Desk, stocked
from tests.privacy_builders import a_purpose


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.mark.parametrize("criteria", list(combinations(RiskCriterion, 2)))
def test_art35_1_two_criteria_need_an_assessment(criteria: tuple[RiskCriterion, ...]) -> None:
    """A purpose that meets any two of the nine criteria cannot be made without the reference of an assessment."""
    with pytest.raises(PolicyInvalid, match=r"Art\. 35.*dpia_ref"):
        a_purpose(dpia_ref=None, risk_criteria=frozenset(criteria))
    a_purpose(dpia_ref="DPIA-1", risk_criteria=frozenset(criteria))
    a_purpose(dpia_ref=None, risk_criteria=frozenset(criteria[:1]))


def test_art35_a_pack_without_the_assessment_is_refused_at_its_line(desk: Desk) -> None:
    """`varde policy plan` and `apply` refuse the pack, naming section, line and rule; nothing is put in force."""
    pack = desk.file("pack.yaml", default_pack().replace("    dpia_ref: dpia-churn-2025\n", ""))
    line = 1 + default_pack().splitlines().index("  churn:") + 1
    before = desk.json("policy", "show")
    for words in (("plan",), ("apply", "--dry-run"), ("apply",)):
        ended = desk.run("policy", *words, pack)
        assert ended.exit_code == 2
        told = " ".join(ended.stderr.split())
        assert f"purposes.churn (line {line}): a use that meets two risk criteria needs an impact" in told
    assert desk.json("policy", "show") == before


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('    lia_date: "2025-01-15"\n', "", "lia_date"),
        ('"2025-01-15"', '"2025-12-24"', "lia_date"),
        ('    lia_review_by: "2028-01-15"\n', "", "lia_review_by"),
        ('"2028-01-15"', '"2025-05-01"', "lia_review_by"),
    ],
)
def test_art06_1f_a_pack_without_a_current_balancing_test_is_refused(
    desk: Desk, old: str, new: str, field: str
) -> None:
    """`varde policy plan` and `apply` ask for the day of the balancing test and for a review that is not overdue."""
    assert old in default_pack()
    pack = desk.file("pack.yaml", default_pack().replace(old, new))
    for words in (("plan",), ("apply",)):
        ended = desk.run("policy", *words, pack)
        assert ended.exit_code == 2
        told = " ".join(ended.stderr.split())
        assert f"purposes.churn.{field} (line " in told
        assert "balancing test" in told


def test_the_pack_we_ship_keeps_its_own_rules(desk: Desk) -> None:
    """The default pack passes the gates that `varde policy apply` sets."""
    assert desk.run("policy", "apply", desk.file("pack.yaml", default_pack())).exit_code == 0
