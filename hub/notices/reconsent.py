"""Whether people who consented are asked again when their purpose changes: the DPO decides before it does.

A consent covers what somebody was told (GDPR Art. 4(11), 7; recitals 32 and 42). Whether a change is still covered is a
judgement, so no rule makes it: the DPO's word is kept with the number of people it concerns, and the pack must say the
same. `needed`: no notice that counted before counts any more. `not_needed`: all of them go on counting.
"""

from collections.abc import Iterator

from sqlmodel import Session

from hub.compose import Hub
from hub.notices.impact import impact_of
from privacy.audit import AuditFields
from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose, purpose_hash
from privacy.store.principal import Principal
from privacy.store.reconsent import Decided, Reconsent, add_decision, find_decision
from privacy.terms import LegalBasis, random_id


def changed_consents(present: Policy, proposed: Policy) -> Iterator[tuple[Purpose, Purpose]]:
    """Yield each purpose that rests on consent before and after and whose rules would change: (old, new)."""
    old = {purpose.id: purpose for purpose in present.purposes}
    for new in proposed.purposes:
        before = old.get(new.id)
        if before is None or purpose_hash(before) == purpose_hash(new):
            continue
        if before.legal_basis is new.legal_basis is LegalBasis.CONSENT:
            yield before, new


def decide(hub: Hub, proposed: Policy, purpose: str, word: Reconsent, by: tuple[Principal, str]) -> Decided:
    """Keep the DPO's decision for a changed purpose, with the number of people who would be lost; audited.

    `by` is who decides, and the reference of the document that argues it.

    Raises:
        PolicyInvalid: there is nothing to decide of that purpose, or the pack says otherwise.
        AuditFieldRefused: the reference is not a plain code.

    """
    changed = {str(new.id): (old, new) for old, new in changed_consents(hub.policy(), proposed)}
    if purpose not in changed:
        rule = "the pack changes no rule of a consent here"
        raise PolicyInvalid(f"purposes.{purpose}", rule, "name a purpose that the plan shows")
    old, new = changed[purpose]
    verify_said(old, new, word)
    principal, reference = by
    decided = Decided(
        decision_id=random_id(),
        purpose=new.id,
        purpose_version=new.version,
        purpose_hash=bytes.fromhex(purpose_hash(new)),
        outcome=word.value,
        people_lost=impact_of(hub, proposed)[new.id].lost,
        document_ref=reference,
        decided_at=hub.clock(),
        decided_by=principal.principal_id,
    )
    fields = AuditFields(
        purpose=new.id, purpose_hash=purpose_hash(new), rows=decided.people_lost, outcome=word.value, reason=reference
    )
    with hub.unit_of_work() as session:
        add_decision(session, decided)
        hub.audit(session, "policy.reconsent", principal.principal_id, fields)
    return decided


def verify_decided(session: Session, present: Policy, proposed: Policy) -> None:
    """Refuse a pack that changes what people consented to before the DPO has decided whether they are asked again.

    Raises:
        PolicyInvalid: names the purpose, the rule and the remedy.

    """
    for old, new in changed_consents(present, proposed):
        found = find_decision(session, bytes.fromhex(purpose_hash(new)))
        if found is None:
            rule = "what people consented to changes, and nobody decided whether they are asked again (Art. 7)"
            raise PolicyInvalid(f"purposes.{new.id}", rule, "let the DPO run `varde policy reconsent`")
        verify_said(old, new, Reconsent(found.outcome))


def verify_said(old: Purpose, new: Purpose, word: Reconsent) -> None:
    """Refuse a pack whose accepted notices do not say what was decided.

    Raises:
        PolicyInvalid: names the field, the rule and the remedy.

    """
    where = f"purposes.{new.id}.accepted_notices"
    if word is Reconsent.NEEDED and not old.accepted_notices.isdisjoint(new.accepted_notices):
        raise PolicyInvalid(where, "people are to be asked again, yet an old notice counts", "take the old ones out")
    if word is Reconsent.NOT_NEEDED and not old.accepted_notices <= new.accepted_notices:
        raise PolicyInvalid(where, "nobody is to be asked again, yet an old notice counts no more", "put it back in")
