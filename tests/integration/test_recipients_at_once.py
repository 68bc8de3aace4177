"""Two processes that look at once for whom recipients are to be told of, on both databases."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlmodel import Session

from hub.recipients import delivered
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.ledger import LedgerEntry
from tests.builders import DATABASES
from tests.conftest import HubFactory
from tests.recipient_builders import shop_in
from tests.request_builders import HEAD, PEOPLE
from tests.webhook_fake import receiver


@pytest.mark.parametrize("kind", DATABASES)
def test_they_tell_of_a_restriction_once(
    kind: str, hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_in(hub_factory(kind), tmp_path)
    rows = tmp_path / "stops.csv"
    rows.write_text(f"{HEAD}\nc1,Kari N1,k1@example.org,,2025-02-01,yes\n", encoding="utf-8")
    contract = PEOPLE.replace("purposes: [winback]", "purposes: [churn]").replace('"yes": given', '"yes": restricted')
    others = ThreadPoolExecutor(1)
    beside: list[Future[bool]] = []

    def found(session: Session) -> list[LedgerEntry]:
        entries = _next(session)
        if not beside:  # the first who looks is slow
            beside.append(others.submit(delivered.tell_of_deliveries, shop.hub))
            with suppress(TimeoutError):
                beside[0].result(1)
        return entries

    with receiver() as box:
        shop.recipient(box)
        shop.read()
        ingest_file(contract_of_yaml(contract), rows, shop.hub.ports(shop.owner.principal_id))
        _next = delivered._next
        monkeypatch.setattr(delivered, "_next", found)
        assert not delivered.tell_of_deliveries(shop.hub)
        assert not beside[0].result(30)
    others.shutdown()
    assert len(shop.notices()) == 1
