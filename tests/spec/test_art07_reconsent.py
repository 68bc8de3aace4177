"""Article 7: a consent covers what the person was told; whether it covers a change is decided before that is made."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.notices.reconsent import verify_said
from hub.policy.pack import default_pack
from privacy.errors import PolicyInvalid
from privacy.store.reconsent import Reconsent
from tests.integration.cli_desk import Desk, stocked
from tests.privacy_builders import a_purpose

DAYS = "retention_days: 120"
NOTICES = st.frozensets(st.sampled_from(["n1", "n2", "n3"]), min_size=1)


def a_pack(notices: str) -> str:
    """Write the default pack with a winback purpose of version 2: kept longer, under these notices."""
    head, winback, rest = default_pack().partition("  winback:\n")
    rest = rest.replace("version: 1", "version: 2", 1).replace(DAYS, "retention_days: 90", 1)
    return head + winback + rest.replace("    notice_version: privacy-2025-01\n", notices, 1)


ANEW = a_pack("    notice_version: privacy-2026-01\n")
COVERED = a_pack("    notice_version: privacy-2026-01\n    accepted_notices: [privacy-2026-01, privacy-2025-01]\n")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = stocked(tmp_path)
    for key in ("1", "2"):
        given_now = desk.run("consent", "give", f"shop:{key}", "winback", role="dpo")
        assert given_now.exit_code == 0, given_now.output
    return desk


def lost(desk: Desk, pack: str) -> tuple[object, ...]:
    (change,) = desk.json("policy", "plan", pack)
    return tuple(change[name] for name in ("purpose", "people_now", "people_lost", "people_gained", "reconsent"))


def test_the_plan_tells_how_many_people_a_new_version_would_lose(desk: Desk) -> None:
    """`varde policy plan` decides about every person under both versions; modellers are not told of so few."""
    anew, covered = desk.file("anew.yaml", ANEW), desk.file("covered.yaml", COVERED)
    assert lost(desk, anew) == ("winback", 2, 2, 0, "undecided")
    assert lost(desk, covered) == ("winback", 2, 0, 0, "undecided")
    (seen,) = desk.json("policy", "plan", anew, role="scientist")
    assert (seen["people_now"], seen["people_lost"]) == (None, None)


def test_nothing_changes_before_the_dpo_has_decided(desk: Desk) -> None:
    """`varde policy apply` refuses the pack until the DPO's decision is kept; then it does what was foretold."""
    pack = desk.file("anew.yaml", ANEW)
    words = ("policy", "reconsent", pack, "winback", "--decision", "needed", "--reference", "dpo-memo-3")
    refused = desk.run("policy", "apply", pack)
    assert refused.exit_code == 2
    assert "nobody decided whether they are asked again" in " ".join(refused.stderr.split())
    assert desk.run(*words).exit_code == 4, "the owner is not the DPO"
    assert desk.run(*words, "--dry-run", role="dpo").exit_code == 0
    assert desk.run("policy", "apply", pack).exit_code == 2
    decided = desk.run(*words, role="dpo")
    assert decided.exit_code == 0
    assert "2 people would be read no more" in " ".join(decided.stderr.split())
    assert lost(desk, pack)[-1] == "needed"
    assert desk.run("policy", "apply", pack).exit_code == 0
    assert lost(desk, desk.file("back.yaml", default_pack()))[1:3] == (0, 0)


def test_a_decision_and_its_pack_must_say_the_same(desk: Desk) -> None:
    """A decision is refused where the pack's accepted notices say otherwise, and does not cover another pack."""
    anew, covered = desk.file("anew.yaml", ANEW), desk.file("covered.yaml", COVERED)
    for pack, word in ((anew, "not_needed"), (covered, "needed")):
        said = ("--decision", word, "--reference", "dpo-memo-3")
        ended = desk.run("policy", "reconsent", pack, "winback", *said, role="dpo")
        assert ended.exit_code == 2
        assert "purposes.winback.accepted_notices" in ended.stderr
    said = ("--decision", "not_needed", "--reference", "dpo-memo-3")
    assert desk.run("policy", "reconsent", covered, "winback", *said, role="dpo").exit_code == 0
    assert desk.run("policy", "reconsent", covered, "churn", *said, role="dpo").exit_code == 2
    assert desk.run("policy", "apply", anew).exit_code == 2
    assert desk.run("policy", "apply", covered).exit_code == 0


@given(before=NOTICES, after=NOTICES, word=st.sampled_from(Reconsent))
def test_a_consent_goes_on_counting_exactly_as_was_decided(
    before: frozenset[str], after: frozenset[str], word: Reconsent
) -> None:
    """Of the notices that counted, none counts after `needed` and each counts after `not_needed`."""
    old, new = (a_purpose(notice_version=min(each), accepted_notices=each) for each in (before, after))
    still = {notice in after for notice in before}
    if still == {word is Reconsent.NOT_NEEDED}:
        verify_said(old, new, word)
        return
    with pytest.raises(PolicyInvalid):
        verify_said(old, new, word)
