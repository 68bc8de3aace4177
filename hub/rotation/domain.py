"""A new version of a domain's key: releases use it from one commit on, the old one leads back for a while.

The key is durable first; then record, epoch and audit entry are one transaction. Killed between the
two, the new key waits unused, and rotating again takes it: releases carry the old pseudonyms until the commit and the
new ones after it. The epoch makes a read that was built before be built again, so no release mixes the two.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Final

from hub.compose import Hub
from hub.database.unit import RuleBroken
from hub.domains import find_domain, unknown
from hub.errors import AccessRefused
from hub.keystore.named import versions_of
from hub.rotation.keeping import Keeping, domain_ref, keep
from privacy.audit import AuditFields
from privacy.domain import DomainKeys, DomainRecord
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.store.domain import append_domain
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.terms import DomainName, KeyId, random_id

SHORTEST_WINDOW: Final = timedelta(0)
LONGEST_WINDOW: Final = timedelta(days=366)
"""Longer, and two versions would be live for ever: domains' keys are rotated once a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedDomain:
    """Which version releases use now, until when the one before leads back, and whether a link waits for approval."""

    name: DomainName
    version: int
    old_until: datetime
    needs_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How long the old version leads pseudonyms back, and until when backups need it."""

    led_back: timedelta
    keep_until: datetime | None = None

    def __post_init__(self) -> None:
        if not SHORTEST_WINDOW <= self.led_back <= LONGEST_WINDOW:
            raise AccessRefused("window_out_of_bounds", f"Choose at most {LONGEST_WINDOW.days} days")


def rotate_domain(hub: Hub, name: DomainName, by: Principal, window: Window) -> RotatedDomain:
    """Make a new version of a domain's key the one that releases use.

    Raises:
        AccessRefused: no purpose in force has the domain, or somebody else rotated it at this moment.

    """
    before = _record(hub, name).keys.current
    key_id = _made(hub, name, before + 1)
    hub.reached("domain_key_made")
    at = hub.clock()
    until = at + window.led_back
    with hub.unit_of_work() as session:
        lock_epoch(session)  # of two rotations at once one waits here, and then sees the other's
        found = find_domain(session, name)
        if found is None or found.record.keys.current != before:
            raise AccessRefused("domain_changed_meanwhile", "Look at it with `varde keys status` and try again")
        record = found.record
        append_domain(session, replace(record, keys=_rotated(record.keys, at, until)), by=by.principal_id, at=at)
        if window.keep_until is not None:
            keep(session, [domain_ref(name, before)], Keeping(window.keep_until, by.principal_id), at=at)
        fields = AuditFields(purpose=record.purpose, role=by.role, key=key_id, domain_version=before + 1)
        hub.audit(session, "keys.rotate_domain", by.principal_id, fields)
    hub.reached("domain_switched")
    return RotatedDomain(name=name, version=before + 1, old_until=until, needs_approval=record.needs_approval)


def _record(hub: Hub, name: DomainName) -> DomainRecord:
    with hub.reading() as session:
        found = find_domain(session, name)
    if found is None:
        raise unknown()
    return found.record


def _rotated(keys: DomainKeys, at: datetime, until: datetime) -> DomainKeys:
    """Add a version; old ones whose window is over leave the record, where nothing looks for them any more."""
    for version, ended in keys.retiring:
        if ended <= at:
            keys = keys.ended(version)
    return keys.rotated(until=until)


def _made(hub: Hub, name: DomainName, version: int) -> KeyId:
    """Draw a version's key and make it durable, or take the one that a rotation which broke off left; return its id."""
    key = Key(key_id=KeyId(random_id()), kind=KeyKind.DOMAIN, secret=token_bytes(KEY_BYTES))
    found = _id_of(hub, name, version)
    if found is not None:
        return found
    try:
        hub.keystore.add_named(key, name, version)
    except RuleBroken:  # somebody else rotates at this moment: one of us will find that out below
        return _id_of(hub, name, version) or key.key_id
    return key.key_id


def _id_of(hub: Hub, name: DomainName, version: int) -> KeyId | None:
    there = versions_of(hub.keystore.engine, KeyKind.DOMAIN, name)
    return next((each.key_id for each in there if each.version == version), None)
