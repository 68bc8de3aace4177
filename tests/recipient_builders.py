"""A shop whose rows are read for `churn`, and a recipient of that purpose."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.recipients.roster import NewRecipient, enter
from hub.recipients.store import Notice, RecipientKind, newest_notices
from hub.recipients.webhook import secret_text
from hub.requests import handling
from hub.requests.steps import Asked
from hub.views.gateway import Gateway
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.request import Arrival, Proof, Right, SubjectRequest
from privacy.store.principal import Principal
from privacy.terms import Role
from tests.integration.test_gateway_fence import ORDERS, VIEW
from tests.request_builders import PEOPLE
from tests.view_builders import WITHOUT_CHECK
from tests.webhook_fake import Receiver

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


@dataclass
class Shop:
    """Customers, an approved view of purpose `churn`, and who acts."""

    hub: Hub
    owner: Principal
    dpo: Principal

    def who(self, number: int) -> Subject:
        return find_subject(self.hub, f"shop:c{number}")

    def read(self) -> dict[str, str]:
        """Release the view; return the pseudonyms that left, in hexadecimal."""
        frame = Gateway(self.hub).read(self.owner, "fence", purpose="churn", as_of=AS_OF).frame
        return {each.hex(): each.hex() for each in frame["pseudonym"].to_list()}

    def recipient(self, box: Receiver, name: str = "mailing house", purposes: Sequence[str] = ("churn",)) -> str:
        """Add a recipient; return its secret as it is handed over."""
        new = NewRecipient(name=name, kind=RecipientKind.PROCESSOR, url=box.url, purposes=tuple(purposes))
        return secret_text(enter(self.hub, new, self.dpo)[1])

    def started(self, number: int, right: Right) -> SubjectRequest:
        asked = Asked(right=right, arrival=Arrival.EMAIL, language="en", received_at=self.hub.clock())
        request = handling.open_request(self.hub, asked, self.dpo)
        handling.identify(self.hub, request.request_id, self.who(number), Proof.CODE, self.dpo)
        return handling.start(self.hub, request.request_id, self.dpo)

    def notices(self) -> list[Notice]:
        with self.hub.reading() as session:
            return newest_notices(session, most=99)


def shop_in(hub: Hub, folder: Path, people: int = 3) -> Shop:
    """Fill a hub; it may tell recipients on this machine."""
    hub = replace(hub, settings=replace(hub.settings, recipient_networks="127.0.0.0/8"))
    owner, everything = acting_principal(hub), frozenset({"*"})
    numbers = range(1, people + 1)
    rows = {
        ORDERS: ["no,customer,company,at,total", *(f"{n},c{n},firm,2025-05-0{n} 10:00:00,10.00" for n in numbers)],
        PEOPLE: ["no,name,mail,phone,since,news", *(f"c{n},Kari N{n},k{n}@example.org,,2025-01-01," for n in numbers)],
    }
    for place, (contract, lines) in enumerate(rows.items()):
        path = folder / f"delivery-{place}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ingest_file(contract_of_yaml(contract), path, hub.ports(owner.principal_id))
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), owner)
    submit(hub, VIEW.format(grain="person"), owner)
    approve(hub, "fence", dpo, WITHOUT_CHECK)
    return Shop(hub, owner, dpo)
