"""Article 7(1) and 7(3): the controller can show that consent was given, and withdrawing is as easy as giving."""

import json
from pathlib import Path

import pytest

from hub.choices import Choice, Wanted, verify_choice
from hub.errors import AccessRefused
from privacy.consent import ConsentEvent
from privacy.keys import Key, KeyKind
from privacy.purposes import Policy
from privacy.receipt import Controller, RecordedAct, jwk_of, receipt_of, sign_receipt, verify_receipt
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.terms import ActChannel, ConsentAct, KeyId, PurposeId, RecordId
from tests.privacy_builders import NOTICE, a_purpose, on

KEY = Key(key_id=KeyId(bytes(16)), kind=KeyKind.SIGNING, secret=bytes(range(32)))
RECORD = RecordId(bytes(16))


def token(scope: SubjectScope) -> SubjectToken:
    return SubjectToken(record_id=RECORD, scope=scope, purposes=frozenset({"*"}), expires_at=on(9))


def shown(act: ConsentAct) -> dict[str, object]:
    event = ConsentEvent(act=act, at=on(2), channel=ActChannel.API, notice_version=NOTICE)
    recorded = RecordedAct(
        receipt_id=bytes(16),
        record_id=RECORD,
        purpose=PurposeId("winback"),
        purpose_version=1,
        event=event,
        recorded_at=on(2),
        language="sv",
    )
    signed = sign_receipt(receipt_of(recorded, a_purpose(), Controller(instance=bytes(16))), KEY)
    told: dict[str, dict[str, object]] = verify_receipt(signed, jwk_of(KEY))
    return told["dpv:hasRecordOfActivity"]


def test_art07_1_a_receipt_shows_who_agreed_to_what_when_how_and_under_which_text() -> None:
    """Each yes has a signed receipt that anybody checks by a public key; the person is a random id in it."""
    record = shown(ConsentAct.GIVEN)
    status, process = record["dpv:hasConsentStatus"], record["dpv:hasProcess"]
    assert isinstance(status, dict)
    assert isinstance(process, dict)
    assert record["dpv:hasDataSubject"] == f"urn:varde:record:{RECORD.hex()}"
    assert process["dpv:hasPurpose"]["dct:title"] == {"@language": "sv", "@value": "name sv"}
    assert process["dpv:hasLegalBasis"] == "eu-gdpr:A6-1-a"
    assert (status["dpv:isIndicatedAtTime"], status["dpv:hasIndicationMethod"]) == (
        "2025-03-02T12:00:00.000000Z",
        "api",
    )
    assert status["dpv:hasNotice"]["dct:hasVersion"] == NOTICE


def test_art07_3_a_withdrawal_has_a_receipt_like_any_yes() -> None:
    """A no is receipted in the same words as a yes, with another status."""
    status = shown(ConsentAct.WITHDRAWN)["dpv:hasConsentStatus"]
    assert isinstance(status, dict)
    assert status["@type"] == "dpv:ConsentWithdrawn"


def test_art07_3_saying_no_asks_for_less_than_saying_yes() -> None:
    """A no needs the least of tokens and no notice; a yes needs a known person and the present notice."""
    policy = Policy(version=1, purposes=(a_purpose(),))
    no = Choice(purpose=PurposeId("winback"), wanted=Wanted.WITHDRAWN)
    yes = Choice(purpose=PurposeId("winback"), wanted=Wanted.GIVEN, notice=NOTICE)
    for scope in SubjectScope:
        verify_choice(policy, token(scope), no)
    verify_choice(policy, token(SubjectScope.CHOICES), yes)
    with pytest.raises(AccessRefused):
        verify_choice(policy, token(SubjectScope.OPT_OUT), yes)


def test_art12_1_every_text_that_a_person_reads_exists_in_every_language() -> None:
    """The words that purposes and scores are told in exist in each of the five languages."""
    import yaml

    path = Path(__file__).parents[2] / "hub" / "me" / "words.yaml"
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    languages = {tuple(sorted(words)) for section in texts.values() for words in section.values()}
    assert languages == {("de", "en", "nb", "nn", "sv")}, json.dumps(sorted(languages))
