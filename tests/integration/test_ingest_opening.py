"""Opening sealed documents inside the hub: the entry with its count is committed before the first key is asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.compose import Hub
from hub.errors import ServiceUnreachable
from ingest.pipeline import opening
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from privacy.store.audit import entries
from privacy.terms import EntityKind, RecordId, random_id
from tests.faults.ingest_company import CRM, CRM_FIRST, deliver_text, owner_of
from tests.faults.ingest_meaning import names_of

CRM_KEYS = [("crm", f"c{n}", EntityKind.PERSON) for n in range(1, 8)]


@pytest.fixture
def crm(hub_factory: Any, tmp_path: Path) -> Hub:
    hub: Hub = hub_factory()
    deliver_text(hub, CRM, CRM_FIRST, tmp_path / "crm.csv")
    return hub


def ports_of(hub: Hub) -> Ports:
    return hub.ports(owner_of(hub).principal_id)


def people(hub: Hub) -> list[RecordId]:
    return [RecordId(record) for record in names_of(hub, CRM_KEYS)]


def told(hub: Hub) -> list[int | None]:
    with hub.reading() as session:
        return [entry.fields.opened for _, entry in entries(session, action="open_batch")]


def test_what_is_opened_is_counted_in_an_entry_that_is_there_first(crm: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int | None]] = []
    unseal = opening.open_column

    def watched(*given: Any, **more: Any) -> list[bytes]:
        seen.append(told(crm))  # another transaction: what it sees has been committed
        return unseal(*given, **more)

    monkeypatch.setattr(opening, "open_column", watched)
    opened = open_documents(people(crm), ports_of(crm))
    assert len(opened) == 6
    assert seen == [[6]]


def test_nothing_is_opened_if_the_entry_cannot_be_committed(crm: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise ServiceUnreachable("the control database", "test")

    def never(*_: object, **__: object) -> list[bytes]:
        raise AssertionError("a document was opened")

    monkeypatch.setattr(opening, "open_column", never)
    with pytest.raises(ServiceUnreachable):
        open_documents(people(crm), replace(ports_of(crm), audit=refuse))
    assert told(crm) == []


def test_opening_nothing_leaves_no_entry(crm: Hub) -> None:
    assert open_documents([], ports_of(crm)) == {}
    assert open_documents([RecordId(random_id())], ports_of(crm)) == {}
    assert told(crm) == []
