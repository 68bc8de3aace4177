"""An answer about one record tells no more than its delivery would leave readable: a no of any who are joined binds."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.recognising import Recogniser, recognise
from hub.views.permission import permitted_set
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.learning import records_of_home
from ingest.store.identity import homes_of
from privacy.store.erasure import intend_erasure
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId, random_id
from tests.faults.ingest_company import deliver_text, owner_of
from tests.integration.test_matching import CONTRACT, KINDS, matching

BASIS = "basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}\n"
HEAD = "record,given_name,family_name,birth_date,email,phone,street,postcode\n"
CRM = "1,Sigrid,Nygaardel,1971-03-04,sigrid.n@example.no,,,"
SHOP = "2,Sigrid,Nygaardel,,,41234567,Fjordgata 7,9020"
TILL = "9,Sigrid,Nygaardel,1971-03-04,sigrid.n@example.no,41234567,Fjordgata 7,9020"
QUESTION = dict(zip(HEAD.strip().split(",")[1:], TILL.split(",")[1:], strict=True))


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: Callable[..., Hub], tmp_path: Path) -> Hub:
    """A home with two entities that a record of the till will join."""
    made = matching(hub_factory(request.param))
    for source, row in (("crm", CRM), ("shop", SHOP)):
        put(made, tmp_path, source, row)
    assert len(homes(made)) == 2
    return made


def put(hub: Hub, folder: Path, source: str, row: str) -> None:
    contract = CONTRACT.format(source=source) + BASIS
    deliver_text(hub, contract, f"{HEAD}{row}\n", folder / f"{source}.csv")


def homes(hub: Hub, *more: str) -> set[bytes]:
    records = [record for name in ("crm:1", "shop:2", *more) for record in find_subject(hub, name).records]
    with hub.reading() as session:
        return set(homes_of(session, records).values())


def ask(hub: Hub, **left_out: None) -> tuple[bool, list[str]]:
    """Ask about the till's record; say whether a pseudonym came back, and which comparisons agreed."""
    told = {name: value for name, value in QUESTION.items() if name not in left_out}
    arriving = Arriving(source="till", key="9", country="NO", attributes=told)
    answer = recognise(hub, Recogniser(), owner_of(hub), "churn", arriving)
    return answer.pseudonym is not None, [step.what for step in answer.steps if step.weight > 0]


def readable(hub: Hub) -> bool:
    entities = pl.Series(sorted(homes(hub, "till:9")), dtype=pl.Binary)
    with hub.reading() as session:
        purpose = hub.policy().purpose("churn")
        return not permitted_set(
            session, purpose, EntityKind.PERSON, at=hub.clock(), entities=entities
        ).records.is_empty()


def test_who_would_be_joined_is_told_as_the_one_person_they_would_be(hub: Hub, tmp_path: Path) -> None:
    known, agreed = ask(hub)
    assert known
    assert agreed
    put(hub, tmp_path, "till", TILL)
    assert len(homes(hub, "till:9")) == 1
    assert readable(hub)


@pytest.mark.parametrize("objector", ["crm:1", "shop:2"])
def test_an_objection_of_any_who_would_be_joined_binds_the_answer(hub: Hub, tmp_path: Path, objector: str) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, objector), wish, owner_of(hub))
    assert ask(hub) == (False, [])
    assert ask(hub, birth_date=None) == (False, [])
    put(hub, tmp_path, "till", TILL)
    assert not readable(hub), "and so it is once the record is there"
    assert records_of_home(hub.ports(owner_of(hub).principal_id), EntityKind.PERSON).is_empty(), (
        "nobody of theirs teaches a model"
    )


def test_nobody_is_told_of_who_is_being_erased_in_part(hub: Hub) -> None:
    gone = find_subject(hub, "shop:2").records
    with hub.unit_of_work() as session:
        by = owner_of(hub).principal_id
        intend_erasure(session, random_id(), gone, by=by, at=hub.clock(), counts="{}")
    assert not {"phone", "address"} & set(ask(hub)[1])
