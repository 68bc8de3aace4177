"""Whether somebody is a customer already: told to a program at once, for a purpose, and no more than it may know.

The decision is the one that the record's delivery would make (`ingest.pipeline.lookup`). It leaves through the gate
like anything of a customer: role, purpose and domain first; then, in one transaction under the epoch's lock, whether
that person may be used for the purpose, and the audit entry; and only then the purpose's pseudonym, with how close each
comparison is. Whoever may not be used for it, was erased, or is nobody's is answered alike.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlmodel import Session

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.domains import Recipient, verify_release
from hub.errors import AccessRefused, ServiceUnreachable
from hub.views.permission import silencing
from ingest.errors import StateMoved
from ingest.match.saved import SavedModel
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.reviewing import Step, steps_of
from ingest.store import identity
from ingest.store.record import records_frame
from privacy.audit import AuditFields
from privacy.errors import PurposeUnknown
from privacy.pseudonym import pseudonyms_of
from privacy.purposes import Purpose
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import tombstones_among
from privacy.store.policy import find_policy
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import EntityKind, Pseudonym, RecordId, Role, random_id

if TYPE_CHECKING:  # it brings DuckDB along, which a server that nobody asks has no use for
    from ingest.pipeline.lookup import Found, Lookup

_MAY_ASK: Final = frozenset({Role.OWNER, Role.SERVICE})
_FIND: Final = "match.find"
_TRIES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Whom a record would belong to: a pseudonym of the purpose, None for nobody that may be told of.

    `probability` and `steps` are of the closest of that person's records; `doubtful` says that a colleague should look.
    """

    act_id: bytes
    pseudonym: Pseudonym | None = None
    probability: float | None = None
    steps: tuple[Step, ...] = ()
    doubtful: bool = False


@dataclass(slots=True)
class Recogniser:
    """What a process keeps between questions: of the models in use, and of nobody's record."""

    _lookups: "dict[EntityKind, tuple[tuple[bytes, tuple[int, int]], Lookup]]" = field(default_factory=dict, repr=False)

    def lookup(self, matching: Matching | None) -> "Lookup":
        """Return what answers by the model in use.

        Raises:
            ServiceUnreachable: people are joined by exact rules here.

        """
        if matching is None:
            raise ServiceUnreachable("matching by a model", "people are joined by exact rules (VARDE_MATCHING)")
        from ingest.pipeline.lookup import Lookup  # noqa: PLC0415 - brings DuckDB along: only who is asked pays for it

        by = matching.model.digest, matching.serving.number
        known = self._lookups.get(matching.kind)
        if known is None or known[0] != by:
            known = self._lookups[matching.kind] = by, Lookup(matching)
        return known[1]


def recognise(hub: Hub, recogniser: Recogniser, by: Principal, purpose: str, arriving: Arriving) -> Recognised:
    """Say whom a record would belong to, for a purpose.

    Raises:
        AccessRefused: role, purpose, domain or anchors do not allow it.
        ServiceUnreachable: people are joined by exact rules here, or moved whenever an answer is ready.

    """
    allowed = _allowed(hub, by, purpose)
    ports = hub.ports(by.principal_id)
    lookup = recogniser.lookup(ports.matched(arriving.kind))
    for _ in range(_TRIES):
        found = _found(lookup, arriving, ports)
        released = _released(hub, by, allowed, arriving, found)
        if released is not None:
            return _told(hub, allowed, released, found, lookup.model)
    raise _too_busy()


def _found(lookup: "Lookup", arriving: Arriving, ports: Ports) -> "Found":
    try:
        return lookup.find(arriving, ports)
    except StateMoved:
        raise _too_busy() from None


def _too_busy() -> ServiceUnreachable:
    return ServiceUnreachable("the crosswalk at rest", "people were moved or taken in meanwhile, several times")


def _allowed(hub: Hub, by: Principal, purpose_id: str) -> Purpose:
    if by.role not in _MAY_ASK:
        raise AccessRefused("role_may_not_recognise", "Ask for a credential of role service")
    if {purpose_id, EVERYTHING}.isdisjoint(by.purposes):
        raise AccessRefused("credential_not_bound", "Ask for a grant on this purpose")
    try:
        purpose = hub.policy().purpose(purpose_id)
    except PurposeUnknown:
        raise AccessRefused("purpose_unknown", "`varde policy show` lists the purposes in force") from None
    verify_open(hub.anchoring.standing(), purpose)
    return purpose


@dataclass(frozen=True, slots=True)
class _Released:
    """What the gate lets out, by which act: the records of whom closeness may be told, none where nobody is told of."""

    act_id: bytes
    usable: frozenset[bytes]


def _released(hub: Hub, by: Principal, purpose: Purpose, arriving: Arriving, found: "Found") -> _Released | None:
    """Decide and tell the log; None if somebody was moved or taken in since: then it is asked again."""
    act_id, at = random_id(), hub.clock()
    with hub.accounted() as session:
        epoch = lock_epoch(session)
        if found.taken_in and identity.crosswalk_version(session) != found.version:
            return None
        policy = find_policy(session)
        if policy is None or purpose not in policy.purposes:
            raise AccessRefused("policy_changed", "The policy changed at this moment: try again")
        verify_release(session, purpose, Recipient(by.role), (), at=at)
        beside = _beside(session, found, arriving.kind)
        theirs = _persons_usable if arriving.kind is EntityKind.PERSON else _organisations_usable
        usable = theirs(session, purpose, found, beside, at)
        fields = AuditFields(
            act_id=act_id,
            role=by.role,
            source=arriving.source,
            purpose=purpose.id,
            legal_basis=purpose.legal_basis,
            outcome="known" if usable else "nobody",
            entity=found.entity if usable else None,
            records=tuple(map(RecordId, beside["record"])) if usable else None,
            epoch=epoch,
        )
        hub.audit(session, _FIND, by.principal_id, fields)
    return _Released(act_id, usable)


def _beside(session: Session, found: "Found", kind: EntityKind) -> pl.DataFrame:
    """Return who would be one with the record, and all who are one with any of those now."""
    joined = [RecordId(record) for record, home in found.homes.items() if home == found.entity]
    entities = set(identity.homes_of(session, joined).values())
    return records_frame(session, kind, sorted(entities))


def _organisations_usable(
    session: Session, _purpose: Purpose, found: "Found", beside: pl.DataFrame, _at: datetime
) -> frozenset[bytes]:
    """Return the records of an organisation: it is no data subject and has no standing, but may be erased."""
    records = [RecordId(record) for record in beside["record"]]
    if found.entity is None or found.entity not in set(beside["entity"]) or tombstones_among(session, records):
        return frozenset()
    return frozenset(records)


def _persons_usable(
    session: Session, purpose: Purpose, found: "Found", beside: pl.DataFrame, at: datetime
) -> frozenset[bytes]:
    """Return the records of whom may be told, none if what any of them said binds the others once they are one.

    The record's delivery would join them, and the most restrictive wins while they are merged: an answer given before
    must not tell more than one given after it.
    """
    records = [RecordId(record) for record in beside["record"]]
    if found.entity is None or tombstones_among(session, records):
        return frozenset()
    decided = silencing(session, purpose, beside, at=at)
    may_be = decided.filter("permit")
    if decided["silences"].any() or found.entity not in set(may_be["entity"]):
        return frozenset()
    return frozenset(may_be["record"])


def _told(hub: Hub, purpose: Purpose, released: _Released, found: "Found", model: SavedModel) -> Recognised:
    if not released.usable or found.entity is None:
        return Recognised(act_id=released.act_id)
    domain = hub.domain(purpose.domain)
    pseudonym = Pseudonym(pseudonyms_of(domain, pl.Series([found.entity], dtype=pl.Binary))[0])
    shown = (edge for edge in found.edges if edge.together and released.usable & {edge.record, edge.other})
    nearest = next(shown, None)
    return Recognised(
        act_id=released.act_id,
        pseudonym=pseudonym,
        probability=None if nearest is None else nearest.probability,
        steps=() if nearest is None else tuple(steps_of(nearest, model)),
        doubtful=bool(found.doubts),
    )
