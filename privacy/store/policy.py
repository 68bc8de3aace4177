"""Applied policies: the newest version governs, every earlier one stays so that decisions can be replayed."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import func, insert, select
from sqlmodel import Session, col

from privacy.policy import policy_of, verify_versions
from privacy.purposes import Policy, policy_hash
from privacy.store.bulk import select_rows
from privacy.store.domain import record_domains
from privacy.tables.policy import PolicyVersion
from privacy.terms import PrincipalId

_NEWEST: Final = select(col(PolicyVersion.document)).order_by(col(PolicyVersion.version).desc()).limit(1)
_ALL: Final = select(col(PolicyVersion.document)).order_by(col(PolicyVersion.version))


def apply_policy(session: Session, pack: Mapping[str, object], *, by: PrincipalId, at: datetime) -> Policy:
    """Make a policy pack the governing one and keep what changed of its domains; the caller bumps the epoch with it.

    Raises:
        PolicyInvalid: the pack breaks a rule, or changes a purpose's rules under one version; nothing was applied.

    """
    policy = policy_of(pack)
    verify_versions(policy, applied_policies(session))
    newest = session.execute(select(func.max(col(PolicyVersion.version)))).scalar()
    session.execute(
        insert(PolicyVersion),
        [
            {
                "version": (newest or 0) + 1,
                "policy_hash": bytes.fromhex(policy_hash(policy)),
                "document": json.dumps(pack, ensure_ascii=False, sort_keys=True),
                "applied_at": at,
                "applied_by": by,
            }
        ],
    )
    record_domains(session, policy, by=by, at=at)
    return policy


def find_policy(session: Session) -> Policy | None:
    """Read the governing policy."""
    found = select_rows(session, _NEWEST)
    return _parsed(found[0][0]) if found else None


def applied_policies(session: Session) -> list[Policy]:
    """Read every policy that ever governed, oldest first."""
    return [_parsed(document) for document in session.connection().execute(_ALL).scalars()]


@lru_cache(maxsize=16)
def _parsed(document: str) -> Policy:
    """Parse a document once: a policy is frozen and the text alone decides it, so nothing can grow stale here."""
    return policy_of(json.loads(document))
