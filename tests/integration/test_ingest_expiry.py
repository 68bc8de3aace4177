"""Refused rows and cleaned texts are kept for thirty days, and then they and their keys are gone."""

from sqlalchemy import func, select

from hub.authentication import acting_principal
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.recovery import recover
from ingest.tables.batch import QuarantineRow
from ingest.tables.record import HeldText
from tests.builders import FixedClock

CONTRACT = """
contract: messages
version: 1
source: desk
owner: desk-team
table: messages
format: {kind: csv, delimiter: ",", encoding: utf-8, timezone: UTC}
key: [no]
person: {column: who}
columns:
  at: {to: event_time, type: instant}
  body: {to: text, type: text}
constants: {direction: in}
"""


def count(hub, table) -> int:
    with hub.reading() as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_is_kept_for_days_goes_with_its_keys(hub_factory, tmp_path, clock: FixedClock) -> None:
    hub = hub_factory()
    path = tmp_path / "messages.csv"
    path.write_text("no,who,at,body\n1,a,2025-05-01 10:00:00,It broke again\n2,b,2025-02-31 10:00:00,Never sent\n")
    ports = hub.ports(acting_principal(hub).principal_id)
    kept_before = hub.keystore.count()
    ingest_file(contract_of_yaml(CONTRACT), path, ports)
    assert (count(hub, HeldText), count(hub, QuarantineRow)) == (1, 1)

    clock.forward(days=29)
    assert recover(ports).expired == 0
    clock.forward(days=2)
    assert recover(ports).expired == 2

    assert (count(hub, HeldText), count(hub, QuarantineRow)) == (0, 0)
    assert hub.keystore.count() == kept_before + 1  # the lake file's key alone
