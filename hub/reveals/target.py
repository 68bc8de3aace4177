"""Whom a pseudonym leads to, and whether that person may be revealed now.

Both are looked up in the caller's write transaction, which holds the epoch's lock: no withdrawal, restriction or
erasure can come between the decision and the intent in the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlmodel import Session

from hub.domains import verify_usable
from hub.reveals.ask import refused
from hub.views.permission import ERASED, permitted_set
from ingest.store.identity import records_of_entity
from ingest.store.record import records_frame
from privacy.pseudonym import PseudonymisationDomain, entity_of
from privacy.purposes import Policy, Purpose
from privacy.reidentification import RevealBecause
from privacy.store.domain import governing_domain
from privacy.terms import EntityId, EntityKind, Pseudonym, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An entity and those of its records that may be used for the purpose now, each with its source's name."""

    entity: EntityId
    kind: EntityKind
    sources: dict[RecordId, str]


def find_target(session: Session, policy: Policy, purpose: Purpose, found: EntityId | None, *, at: datetime) -> Target:
    """Decide for an entity as the gate does; only records that are permitted themselves are named.

    Raises:
        AccessRefused: nobody is behind the pseudonym, the domain is closed, or the decision says no and why.

    """
    verify_usable(governing_domain(session, policy, purpose), at=at)
    if found is None:
        raise refused(RevealBecause.NOWHERE)
    records = [records_frame(session, kind, [found]) for kind in EntityKind]
    kind = next((kind for kind, frame in zip(EntityKind, records, strict=True) if frame.height), EntityKind.PERSON)
    decided = permitted_set(session, purpose, kind, at=at, entities=pl.Series([found], dtype=pl.Binary))
    if decided.records.is_empty():
        raise refused(RevealBecause.NOT_PERMITTED, min(decided.absent, default=ERASED))
    named = pl.concat(records).join(decided.records.select("record"), on="record", how="semi").sort("record")
    return Target(entity=found, kind=kind, sources={RecordId(record): source for record, _, source in _rows(named)})


def lead_back(session: Session, domains: Sequence[PseudonymisationDomain], pseudonym: Pseudonym) -> EntityId | None:
    """Find the entity of a pseudonym under any live version of its domain."""
    candidates = (entity_of(domain, pseudonym) for domain in domains)
    return next((entity for entity in candidates if records_of_entity(session, entity)), None)


def _rows(named: pl.DataFrame) -> list[tuple[bytes, bytes, str]]:
    return named.select("record", "entity", "source").rows()
