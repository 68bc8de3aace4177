"""Article 15: who asks is told all that is held, why, from where, for whom, how long, and gets a copy."""

import html
import json
from dataclasses import replace

import pytest

from hub.consents import Wish, record_wish
from hub.me.words import word
from hub.recipients.roster import NewRecipient, enter
from hub.recipients.store import RecipientKind
from hub.requests.export import Form
from hub.requests.periods import identity_kept_in_words
from hub.requests.words import word as words
from privacy.pack_node import Node
from privacy.purposes import LANGUAGES
from privacy.retention_pack import rules_of
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests.request_builders import Office


def test_art15_1_the_answer_has_everything_that_the_article_lists(desk: Office) -> None:
    """The export tells purposes, categories, recipients, storage, rights, complaint, source and automated decisions."""
    told = desk.told("shop:k1")
    for purpose in told["purposes"]:  # (a), (b), (c), (d), (h)
        assert purpose["description"]
        assert purpose["data_categories"]
        assert purpose["recipients"]
        assert purpose["results_kept_days"] > 0
        assert purpose["automated_decision"] in {True, False}
    assert told["lake"]["orders"]["kept"]  # (d)
    assert "object" in told["rights"]  # (e)
    assert told["authority"]["name"] == "Datatilsynet"  # (f)
    assert {each["source"] for each in told["identity"]} == {"shop", "crm"}  # (g)


@pytest.mark.parametrize("language", LANGUAGES)
def test_art15_1a_each_purpose_is_told_with_whether_it_goes_on_now(desk: Office, language: str) -> None:
    """A purpose that a no has ended is told as ended, with what ended it and since when, in local time."""
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(desk.hub, desk.who("shop:k1"), wish, desk.dpo)
    page = desk.exported("shop:k1", Form.HTML, language).decode()
    (row,) = [each for each in page.split("<tr>") if word("why", "objected", language) in each]
    assert desk.hub.policy().purpose("churn").texts[language].name in html.unescape(row)
    assert word("now", "unused", language) in html.unescape(row)
    assert "14:00</td>" in row  # noon UTC in June, in Oslo
    assert "(Europe/Oslo)" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_art15_1d_it_is_told_how_long_name_and_address_are_kept(desk: Office, language: str) -> None:
    """Under a rule for people its period is told; without one what ends it, and that no time is set."""
    page = html.unescape(desk.exported("shop:k1", Form.HTML, language).decode())
    assert words("kept", "identity", language) in page
    rule = {"table": "people", "data_category": "identifier", "years": 3, "starts": "last_contact"}
    ruled = replace(desk.hub.policy(), retention=rules_of(Node("policy", {"retention": [rule]})))
    told = " ".join(identity_kept_in_words(ruled, language))
    assert words("periods", "years", language, n=3) in told
    assert words("starts", "last_contact", language) in told
    document = desk.told("shop:k1")
    assert document["identity_kept"]
    assert all(rule["period"] and rule["starts"] for rule in document["retention"])


def test_art15_1_reads_of_the_data_are_told_with_date_and_purpose(desk: Office) -> None:
    """When and for what, not by which colleague (CJEU C-579/21); the export itself is among them from then on."""
    desk.exported("shop:k1")
    accesses = desk.told("shop:k1")["accesses"]
    assert "request.export.intent" in {access["act"] for access in accesses}
    assert all(access["at"] for access in accesses)
    assert desk.dpo.principal_id.hex() not in json.dumps(accesses)


def test_art15_3_the_copy_is_in_a_common_form_and_in_plain_language(desk: Office) -> None:
    """The export is a page for people in their own language, and the same as JSON."""
    page = desk.exported("shop:k1", Form.HTML, "de").decode()
    assert "Was wir über Sie wissen" in page
    assert "Bestellungen" in page


def test_art15_1c_recipients_are_named_where_they_are_known(desk: Office) -> None:
    """Who was entered as a recipient for a purpose is named in the answer, not only as a kind (CJEU C-154/21)."""
    url = "https://198.51.100.7/hook"  # nobody is told anything here
    new = NewRecipient(name="Postbud AS", kind=RecipientKind.PROCESSOR, url=url, purposes=("winback",))
    enter(desk.hub, new, desk.dpo)
    named = {each["id"]: each["named_recipients"] for each in desk.told("shop:k1")["purposes"]}
    assert named["winback"] == ["Postbud AS"]
    assert named["churn"] == []
    assert "Postbud AS" in desk.exported("shop:k1", Form.HTML, "nb").decode()


def test_art15_4_the_copy_tells_nothing_of_others(desk: Office) -> None:
    """The export tells nothing of those who share an e-mail address, and of no colleague."""
    told = desk.exported("shop:k2").decode()
    assert "Per Nordmann" in told
    assert "Kari" not in told
