"""A shop that delivers order lines only, made up, and the walk-through of docs/guides/online-retail.md in a home.

The contract is the guide's own text: what it says is what is tested.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from hub.views.currency import with_currency
from hub.views.gateway import Gateway, Released
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import Summary, ingest_file
from privacy.store.audit_verify import Verdict, verify_log
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Role
from tests.builders import FixedClock
from tests.view_builders import WITHOUT_CHECK

VIEW = "churn_signals_lines"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "online-retail.md"
AT = datetime(2011, 7, 15, 12, tzinfo=UTC)
FIRST, LAST = datetime(2009, 12, 1, tzinfo=UTC), datetime(2011, 7, 1, tzinfo=UTC)
LAST_CUT = datetime(2011, 4, 1, tzinfo=UTC)
CONTRACT = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
ON_CONSENT = CONTRACT.replace("churn: legitimate_interests", "churn: consent")
ON_NOTHING = re.sub(r"basis:\n(?:  .*\n)+", "", CONTRACT)


def commands() -> list[str]:
    """Return the commands of the guide up to the step that needs a second home."""
    text = GUIDE.read_text(encoding="utf-8").partition("## 7.")[0].replace("\\\n", "")
    return re.findall(r"^\$ (.*)$", text, re.MULTILINE)


@dataclass(frozen=True)
class Shop:
    """A home that has taken one file in, with the view approved by a DPO and a scientist who may read it."""

    hub: Hub
    scientist: Principal
    dpo: Principal
    summary: Summary

    def read(self, who: Principal, as_of: datetime = LAST_CUT) -> Released:
        return Gateway(self.hub).read(who, VIEW, purpose="churn", as_of=as_of)

    def verdict(self) -> Verdict:
        self.hub.checkpoint()
        with self.hub.reading() as session:
            return verify_log(session, self.hub.verifier_key())


@contextmanager
def shop(folder: Path, file: Path, contract: str = CONTRACT) -> Iterator[Shop]:
    """Go through the guide up to the approved view."""
    settings, clock = Settings.load({}, folder / "home"), FixedClock(AT)
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    summary = ingest_file(contract_of_yaml(contract), file, hub.ports(owner.principal_id))
    scientist, dpo = _colleague(hub, owner, Role.SCIENTIST), _colleague(hub, owner, Role.DPO)
    submit(hub, with_currency(VIEW, catalogue_text(VIEW), "GBP"), scientist)
    approve(hub, VIEW, dpo, WITHOUT_CHECK)
    yield Shop(hub, scientist, dpo, summary)
    hub.engine.dispose()
    hub.keystore._engine.dispose()


def _colleague(hub: Hub, owner: Principal, role: Role) -> Principal:
    scope = Scope(role=role, purposes=frozenset({EVERYTHING}), views=frozenset({EVERYTHING}))
    return authenticate(hub, add(hub, role.value, scope, owner)[1])


def order_lines(customers: int, *, seed: int = 11) -> pl.DataFrame:
    """Make lines of customers who order at a pace of their own until many of them stop, as the shop's export has them.

    One line in eight names no customer, one in twenty is a return; prices have up to three decimals.
    """
    rng = np.random.default_rng(seed)
    days = (LAST - FIRST).days
    pace = rng.lognormal(np.log(28), 0.6, customers)
    start, life = rng.uniform(0, days * 0.6, customers), rng.exponential(260, customers)
    gaps = rng.exponential(pace[:, None], (customers, 60))
    at = start[:, None] + np.cumsum(gaps, axis=1) - gaps[:, :1]
    who, nth = np.nonzero((at < days) & (at < (start + life)[:, None]))
    lines = rng.integers(1, 5, who.size)
    order = np.repeat(np.arange(who.size), lines)
    count = order.size
    returned = rng.random(count) < 0.05
    opened = FIRST.replace(tzinfo=None)  # local time without a zone, as in the export
    frame = pl.DataFrame(
        {
            "Invoice": [
                f"{'C' if back else ''}{480000 + number}" for number, back in zip(order, returned, strict=True)
            ],
            "StockCode": [f"{code}" for code in rng.integers(20000, 20400, count)],
            "Description": "WHITE HANGING HEART",
            "Quantity": np.where(returned, -1, 1) * rng.integers(1, 25, count),
            "InvoiceDate": [opened + timedelta(minutes=int(day * 1440)) for day in at[who, nth][order]],
            "UnitPrice": rng.integers(50, 20000, count) / 1000,
            "CustomerID": 12000 + who[order],
            "Country": "United Kingdom",
        }
    )
    nobody = pl.Series(rng.random(count) < 0.125)
    return frame.with_columns(CustomerID=pl.when(~nobody).then(pl.col("CustomerID"))).sort("InvoiceDate")
