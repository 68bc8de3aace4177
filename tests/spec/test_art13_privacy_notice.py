"""Articles 13 and 14: people are told in plain words what is done with their data, whence it comes and who sees it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.notices.notice import Teller, notice_of, sections_of
from hub.notices.words import texts
from hub.policy.pack import default_pack, pack_of
from hub.requests.seat import seat_of
from hub.requests.words import texts as words
from privacy.policy import policy_of
from privacy.purposes import LANGUAGES, Purpose
from privacy.retention import RetentionStart
from privacy.terms import DataCategory
from privacy.uses import Use
from tests.integration.cli_desk import Desk, stocked

POLICY = policy_of(pack_of(default_pack()))
TELLER = Teller(policy=POLICY, controller="Fjell AS, post@fjell.example", authority=seat_of("NO").authority)
HEADINGS = 10


def told(purpose: str, language: str = "en") -> str:
    sections = notice_of(TELLER, POLICY.purpose(purpose)).sections[language]
    return "\n".join(line for each in sections for line in (each.title, *each.lines))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", POLICY.purposes, ids=lambda each: each.id)
def test_art13_1_2_a_notice_has_every_part_in_every_language(purpose: Purpose, language: str) -> None:
    """A notice names controller, purpose, basis, data, sources, recipients, times, rights and logic."""
    notice = notice_of(TELLER, purpose)
    assert len(notice.sections[language]) == HEADINGS
    text = told(purpose.id, language)
    assert "Fjell AS" in text
    assert purpose.texts[language].description in text
    assert "Datatilsynet" in text
    assert str(purpose.retention_days) in text
    for machine in ("_", "{", "}", "P3"):
        assert machine not in text, "a customer reads no word of the machine's"
    titles = [each.title for each in notice.sections[language]]
    assert len(set(titles)) == len(titles)


def test_art13_2c_who_consented_is_told_that_they_may_withdraw() -> None:
    """A purpose on consent says so and how to take it back; one on another basis does not claim it."""
    assert "withdraw your consent at any time" in told("winback")
    assert "withdraw your consent at any time" not in told("churn")
    assert "We weighed our interest against yours" in told("churn")
    assert "stop, without exception" in told("winback")


def test_art13_2f_automated_decisions_and_what_they_bring_are_told() -> None:
    """Whether a human decides is said, and what may never follow from a score."""
    assert "A human decides." in told("churn")
    assert "asking a higher price of you" in told("churn")


def test_art14_1d_the_data_told_of_are_those_that_the_purpose_may_read() -> None:
    """The categories come from the schema: text is told of where the purpose lists it, and nowhere else."""
    redacted = texts()["categories"]["redacted_text"]["en"]
    assert redacted in told("satisfaction")
    assert redacted not in told("churn")


def test_every_word_that_a_policy_may_use_has_a_text_in_every_language() -> None:
    """No policy can make a notice with a gap in it."""
    for section in (*texts().values(), *words().values()):
        assert all(set(each) == set(LANGUAGES) for each in section.values())
    assert set(texts()["uses"]) == set(Use)
    assert set(texts()["categories"]) == set(DataCategory) - {"none"}
    assert set(words()["starts"]) == set(RetentionStart) - {"absolute"}


@given(order=st.permutations(POLICY.purposes), language=st.sampled_from(LANGUAGES))
def test_the_same_policy_makes_the_same_notice(order: list[Purpose], language: str) -> None:
    """A notice does not depend on the order of a pack, and is read back as it was written."""
    turned = Teller(policy=policy_of(pack_of(default_pack())), controller=TELLER.controller, authority=TELLER.authority)
    digests = {each.id: notice_of(turned, each).digest for each in order}
    assert digests == {each.id: notice_of(TELLER, each).digest for each in POLICY.purposes}
    notice = notice_of(TELLER, order[0])
    assert sections_of(notice.texts, language) == notice.sections[language]


def test_art13_a_notice_is_kept_word_for_word_and_found_by_its_hash(desk: Desk) -> None:
    """`varde policy apply` keeps what people are told; after the text changed the old one is still shown."""
    assert desk.run("notice", "keep").exit_code == 0
    (old,) = [each for each in desk.json("notice", "list") if each["purpose"] == "winback"]
    assert old["current"]
    pack = desk.file("pack.yaml", default_pack().replace("We contact former customers", "We write to former customers"))
    assert desk.run("policy", "apply", pack).exit_code == 0
    listed = [each for each in desk.json("notice", "list") if each["purpose"] == "winback"]
    assert [each["current"] for each in listed] == [False, True]
    assert len(desk.json("notice", "list")) == len(POLICY.purposes) + 1, "what did not change is kept once"
    then = desk.json("notice", "show", "winback", "--hash", old["hash"][:12])
    now = desk.json("notice", "show", "winback")
    assert "We contact former" in json.dumps(then)
    assert "We write to former" in json.dumps(now)


def test_art13_a_notice_is_exported_in_the_language_asked_for(desk: Desk) -> None:
    """`varde notice export` writes a page; a language or hash that there is not is a fault of usage."""
    out = desk.path("notice.md")
    assert desk.run("notice", "export", "churn", "--language", "nn", "--out", out).exit_code == 0
    assert "## Rettane dine" in Path(out).read_text(encoding="utf-8")
    assert desk.run("notice", "show", "churn", "--language", "fr").exit_code == 2
    assert desk.run("notice", "show", "churn", "--hash", "00").exit_code == 2
    assert desk.run("notice", "keep", role="scientist").exit_code == 4
