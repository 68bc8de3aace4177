"""Destroying old keys: each an act of its own, told before and after; what it opened stays closed for ever.

Control database and key store share no transaction, so the intent is committed first. Killed between the two, the
key is still listed as due, and retiring again destroys it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.compose import Hub
from hub.keystore.generation import destroy_generation
from hub.rotation.due import OldKey, old_keys
from hub.rotation.keeping import kept_until
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.terms import KeyId, random_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """What was destroyed, what is still needed, and whether the key database's journal forgot it, too."""

    destroyed: tuple[OldKey, ...]
    needed: tuple[OldKey, ...]
    journal_empty: bool


def retire(hub: Hub, by: Principal) -> Retired:
    """Destroy every old key that nothing needs any more.

    Raises:
        GenerationInUse: a key came back under a generation since it was looked at; nothing of it was destroyed.

    """
    found = old_keys(hub)
    return destroy(hub, by, found)


def destroy(hub: Hub, by: Principal, found: Sequence[OldKey]) -> Retired:
    """Destroy those of the old keys that are due."""
    due = [each for each in found if each.is_due]
    gone = [each for each in due if _destroy(hub, by, each)]  # few: one a month and one a year
    return Retired(
        destroyed=tuple(gone),
        needed=tuple(each for each in found if each not in gone),
        journal_empty=hub.keystore.truncate_journal() if gone else True,
    )


def _destroy(hub: Hub, by: Principal, old: OldKey) -> bool:
    """Destroy a key; False if somebody has said meanwhile that backups need it."""
    act = random_id()
    with hub.unit_of_work() as session:
        until = kept_until(session).get(old.ref)
        if until is not None and hub.clock() < until:
            return False
        fields = AuditFields(
            act_id=act,
            role=by.role,
            key=KeyId(old.key_id),
            reason=old.kind,
            purpose=_domain_of(old),
            domain_version=old.version,
        )
        hub.audit(session, "keys.retire.intent", by.principal_id, fields)
    hub.reached("retire_intended")
    if old.version is None:
        destroy_generation(hub.keystore.engine, old.key_id, at=hub.clock())
    else:
        hub.keystore.shred([KeyId(old.key_id)])
    hub.reached("key_destroyed")
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.retire.complete", by.principal_id, AuditFields(act_id=act, key=KeyId(old.key_id)))
    return True


def _domain_of(old: OldKey) -> str | None:
    return old.name if old.kind == "domain" else None
