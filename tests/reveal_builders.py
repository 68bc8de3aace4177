"""A company whose pseudonyms can be led back: people taken in by the real pipeline, principals of several persons."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.agreeing import agree
from hub.authentication import Scope, acting_principal, add
from hub.compose import Clock, Hub, open_hub
from hub.consents import find_subject
from hub.home import Stores, put_policy_in_force
from hub.policy.pack import default_pack, pack_of
from hub.reveals.ask import Ask
from hub.settings import Settings
from ingest.store.identity import entity_of_record
from privacy.policy import policy_of
from privacy.pseudonym import pseudonym_of
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import DomainName, EntityId, Pseudonym, Role
from tests.api.world import take_in

REASON = "help_offered"


@dataclass(frozen=True)
class Company:
    """A hub with people `k0`, `k1`, ...; owner, DPO and two of customer success are four persons."""

    hub: Hub
    owner: Principal
    dpo: Principal
    success: Principal
    colleague: Principal

    def entity(self, number: int) -> EntityId:
        """The entity of a person."""
        record = find_subject(self.hub, f"shop:k{number}").records[0]
        with self.hub.reading() as session:
            found = entity_of_record(session, record)
        assert found is not None
        return found

    def pseudonym(self, number: int, domain: str = "churn") -> Pseudonym:
        """The pseudonym of a person in a domain, as a view names the row now."""
        return pseudonym_of(self.hub.domain(DomainName(domain)), self.entity(number))

    def ask(self, number: int, **changes: Any) -> Ask:
        """Ask for a person for the churn purpose, unless changed."""
        fields: dict[str, Any] = {"purpose": "churn", "pseudonym": self.pseudonym(number), "reason": REASON}
        return Ask(**fields | changes)

    def audited(self, action: str) -> list[Mapping[str, Any]]:
        """The fields of the audit entries of an action, newest first."""
        with self.hub.reading() as session:
            return [dict(entry.fields) for _, entry in entries(session, action=action)]

    def policy(self, purpose: str = "churn", **rules: Any) -> None:
        """Put the default pack in force with other rules of re-identification for one purpose."""
        pack = pack_of(default_pack())
        section = pack["purposes"][purpose]["reidentification"]
        pack["purposes"][purpose] |= {"version": 2, "reidentification": section | rules}
        agree(self.hub, policy_of(pack), purpose, self.dpo)
        self.apply(pack)

    def apply(self, pack: dict[str, Any], by: Principal | None = None) -> None:
        """Put a pack in force."""
        stores = Stores(self.hub.engine, self.hub.keystore)
        put_policy_in_force(stores, pack, by=(by or self.owner).principal_id, at=self.hub.clock)


def company(hub: Hub, folder: Path, people: int = 6) -> Company:
    """Take people in and give everybody a credential."""
    owner = acting_principal(hub)
    take_in(hub, owner, folder, people)
    return Company(
        hub=hub,
        owner=owner,
        dpo=person(hub, "dpo", Role.DPO, owner),
        success=person(hub, "success", Role.SUCCESS, owner),
        colleague=person(hub, "colleague", Role.SUCCESS, owner),
    )


def person(hub: Hub, label: str, role: Role, owner: Principal, purposes: str = "*") -> Principal:
    """Add a credential for the person of a label."""
    scope = Scope(role=role, purposes=frozenset(purposes.split()), views=frozenset({"*"}))
    return add(hub, label, scope, owner)[0]


def copied(template: Company, folder: Path, clock: Clock) -> Company:
    """Open a copy of a company's home: drawing keys, migrating and taking in are what takes time."""
    home = folder / "copied"
    shutil.copytree(template.hub.settings.home, home)
    return replace(template, hub=open_hub(Settings.load({}, home), clock=clock))
