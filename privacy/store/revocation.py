"""What was taken away, told to the ledger of what must not come back: a restore must not give it again.

A credential, an approval, the links of a person, and that a policy was applied: not its content, which the ledger has
no room for, but that the one in a backup is not the newest.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from privacy.store.epoch import bump_epoch
from privacy.store.ledger import LedgerEntry, Restraint, note_restraints


class Revocation(StrEnum):
    """The words that such an entry has in the ledger; stored, so permanent."""

    CREDENTIAL = "credential_revoked"  # `ref` is the principal
    REBOUND = "credential_rebound"  # to other purposes or views; likewise
    LINKS = "links_revoked"  # `ref` is a record
    VIEW = "view_revoked"  # `detail` is its name
    POLICY = "policy_applied"  # `detail` is its hash
    REPLAYED = "replayed"  # nothing: it stands where a replay ended


def note_revocation(
    session: Session, kind: Revocation, refs: Iterable[bytes], *, at: datetime, detail: str = "-"
) -> None:
    """Enter what was taken away, in the transaction that took it."""
    restraints = [Restraint(kind=kind.value, ref=bytes(ref), at=at, detail=detail) for ref in refs]
    if restraints:
        note_restraints(session, bump_epoch(session, (), kind="revocation"), restraints)


def of_kind(entries: Iterable[LedgerEntry], *kinds: Revocation) -> list[LedgerEntry]:
    """Return the entries of some kinds, in their order."""
    wanted = {kind.value for kind in kinds}
    return [each for each in entries if each.kind in wanted]
