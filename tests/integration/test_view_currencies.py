"""A new view reads amounts of one currency; one that was approved before this rule is read until that runs out."""

from pathlib import Path

import pytest

from hub.authentication import Scope, acting_principal, add
from hub.views import registry
from hub.views.errors import SpecRefused
from hub.views.gateway import Gateway
from hub.views.registry import approve, submit
from privacy.terms import Role
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import AS_OF
from tests.integration.test_view_check import TEXT
from tests.integration.test_view_quota import deliver
from tests.view_builders import WITHOUT_CHECK

BEFORE = TEXT.replace("currency: NOK\n", "").replace("quasi_identifiers: [spent]\nk: 5", "k: 1")
BEFORE = BEFORE.replace("unit: amount_minor}", "unit: amount_minor, released: false}").partition("  spent: {nb")[0]


def test_a_view_that_adds_currencies_is_not_submitted_any_more_and_an_old_one_is_read(
    hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, everything = hub_factory(), frozenset({"*"})
    me = acting_principal(hub)
    deliver(hub, tmp_path / "orders.csv", "1,c1,firm,2025-05-01 10:00:00,10.00")
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    with pytest.raises(SpecRefused, match="currencies_added"):
        submit(hub, BEFORE, me)
    with monkeypatch.context() as earlier:
        earlier.setattr(registry, "check_currency", lambda _spec: None)
        approve(hub, submit(hub, BEFORE, me).name, dpo, WITHOUT_CHECK)
    assert Gateway(hub).read(me, "spending", purpose="churn", as_of=AS_OF).frame.height == 1
