"""Article 12(2), 12(6) and 11(2): help people use their rights, and make sure who asks before anything is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import AccessRefused
from hub.subject_tokens import authenticate_subject, verify_identity
from privacy.store.subject_token import SubjectToken
from tests.conftest import HubFactory
from tests.identity_builders import KARI, SHARED, Town, town_of


@pytest.fixture
def town(hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch) as made:
        yield made


def proven(town: Town, address: str) -> SubjectToken:
    challenge = town.ask(address).json()["challenge"]
    token = town.confirm(challenge, town.codes()[0]).json()["token"]
    with town.hub.reading() as session:
        return authenticate_subject(town.hub, session, token)


def test_art12_6_who_proves_the_address_that_we_hold_needs_no_other_document(town: Town) -> None:
    """A code sent to the address on record is proof enough to read, correct and erase; nothing more is asked for."""
    token = proven(town, KARI)
    verify_identity(token)
    assert token.record_id == town.record("kari")


def test_art12_6_where_there_is_doubt_who_asks_nothing_is_shown_yet(town: Town) -> None:
    """An address that two people share proves neither of them: it opens saying no, and more proof is asked for."""
    with pytest.raises(AccessRefused) as refused:
        verify_identity(proven(town, SHARED))
    assert refused.value.because == "identity_not_verified"


def test_art12_2_saying_no_needs_no_proof_of_identity(town: Town) -> None:
    """What proves too little for access is enough for an objection, and it counts for everybody at that address."""
    challenge = town.ask(SHARED).json()["challenge"]
    token = town.confirm(challenge, town.codes()[0]).json()["token"]
    answer = town.call(
        "PUT", "/v1/me/purposes/churn", json={"state": "objected"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    (objected,) = town.audited("consent.objected")
    assert set(objected["records"]) == {town.record("far"), town.record("mor")}
