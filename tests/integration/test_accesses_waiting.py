"""A look at one person is told to them also while its entry waits for its place in the log."""

import pytest

from hub.accesses import accesses_of
from hub.authentication import acting_principal
from privacy.audit import AuditFields
from privacy.store.audit_arrival import count_arrivals
from privacy.terms import RecordId, random_id
from tests.builders import DATABASES
from tests.conftest import HubFactory


@pytest.mark.parametrize("kind", DATABASES)
def test_a_row_that_was_read_just_now_is_listed(kind: str, hub_factory: HubFactory) -> None:
    hub, record = hub_factory(kind), RecordId(random_id())
    with hub.unit_of_work() as session:
        fields = AuditFields(records=(record,), view="churn_signals", purpose="churn")
        hub.audit(session, "view.row", acting_principal(hub).principal_id, fields)
    assert [each.act for each in accesses_of(hub, [record])] == ["view.row"]
    with hub.reading() as session:
        assert count_arrivals(session) == 0
