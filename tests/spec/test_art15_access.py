"""Article 15: who asks is told all that is held, why, from where, for whom, how long, and gets a copy."""

import json

from hub.recipients.roster import NewRecipient, enter
from hub.recipients.store import RecipientKind
from hub.requests.export import Form
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
