"""Rules of re-identification change by two persons: one agrees to the very rules, another puts them in force.

Who could change alone who may lead pseudonyms back, to what and how often, would need nobody for a reveal (GDPR
Art. 32; Art. 38(6): the DPO does not decide alone on what the DPO watches). Taking a purpose's rules away needs nobody
else. The agreement is its audit entry: it names the purpose and the rules by hash, and serves for thirty days.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose
from privacy.reidentification import plain_reidentification
from privacy.store.audit import entries
from privacy.store.principal import find_unrevoked, person_of
from privacy.terms import PersonId, PrincipalId

AGREED: Final = "policy.agree"
AGREED_FOR: Final = timedelta(days=30)
_MOST: Final = 1_000


def rules_hash(purpose: Purpose) -> str:
    """Hash a purpose's name and its rules of re-identification (SHA-256, hexadecimal)."""
    rules = {"purpose": str(purpose.id), "reidentification": plain_reidentification(purpose.reidentification)}
    return hashlib.sha256(json.dumps(rules, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def changed_rules(present: Policy | None, proposed: Policy) -> list[Purpose]:
    """List the purposes that would get rules of re-identification which they have not now."""
    now = {purpose.id: rules_hash(purpose) for purpose in present.purposes} if present else {}
    return [
        purpose
        for purpose in proposed.purposes
        if purpose.reidentification is not None and now.get(purpose.id) != rules_hash(purpose)
    ]


def verify_agreed(session: Session, present: Policy | None, proposed: Policy, *, by: PrincipalId, at: datetime) -> None:
    """Refuse a pack that changes rules of re-identification unless another person agreed to them.

    Raises:
        PolicyInvalid: names the purpose, the rule and the remedy.

    """
    changed = changed_rules(present, proposed)
    if not changed:
        return
    person, agreed = person_of(session, by), _agreed(session, since=at - AGREED_FOR)
    for purpose in changed:
        if not agreed.get(rules_hash(purpose), set()) - {person}:
            rule = "who may lead pseudonyms back changes, and nobody else agreed to it"
            remedy = "let another person (owner or DPO) run `varde policy agree`"
            raise PolicyInvalid(f"purposes.{purpose.id}.reidentification", rule, remedy)


def _agreed(session: Session, *, since: datetime) -> dict[str, set[PersonId | None]]:
    """Return who agreed to which rules lately, those whose credential was revoked since left out."""
    found = dict[str, set[PersonId | None]]()
    for _, entry in entries(session, action=AGREED, since=since, limit=_MOST):
        who = find_unrevoked(session, entry.actor)
        if entry.action == AGREED and who is not None and entry.fields.purpose_hash is not None:
            found.setdefault(entry.fields.purpose_hash, set()).add(who.person_id)
    return found
