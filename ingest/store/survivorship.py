"""Survivorship rules at rest: the highest version holds, earlier ones stay; without any the shipped rules hold."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import insert, select
from sqlmodel import Session, col

from ingest.errors import RulesInvalid
from ingest.survivorship.rules import Rules, document_of, rules_of, shipped_text, written
from ingest.tables.batch import Batch
from ingest.tables.survivorship import SurvivorshipVersion
from privacy.terms import PrincipalId

_NEWEST: Final = (
    select(col(SurvivorshipVersion.document)).order_by(col(SurvivorshipVersion.version).desc()).limit(1)
)  # fmt: skip - one statement


def apply_rules(session: Session, document: Mapping[str, Any], *, by: PrincipalId, at: datetime) -> Rules | None:
    """Put rules in force; None if they are the ones in force, and nothing was written.

    Raises:
        RulesInvalid: they break a rule, or bear a version that is not above the one in force.

    """
    rules, text = rules_of(document), written(document)
    before = find_document(session)
    if text == before:
        return None
    if rules.version <= _parsed(before).version:
        raise RulesInvalid("version", "is not above the one in force", f"write {_parsed(before).version + 1}")
    row = {"version": rules.version, "document": text, "applied_at": at, "applied_by": by}
    session.execute(insert(SurvivorshipVersion).values(**row))
    return rules


def find_rules(session: Session) -> Rules:
    """Read the rules in force."""
    return _parsed(find_document(session))


def find_document(session: Session) -> str:
    """Read the rules in force as they are kept: JSON."""
    found = session.execute(_NEWEST).scalar()
    return written(document_of(shipped_text())) if found is None else str(found)


def sources_delivered(session: Session) -> set[str]:
    """Name the sources from which anything was ever taken in."""
    return set(session.execute(select(col(Batch.source)).distinct()).scalars())


@lru_cache(maxsize=16)
def _parsed(document: str) -> Rules:
    """Parse a document once: the text alone decides it, so nothing can grow stale here."""
    return rules_of(json.loads(document))
