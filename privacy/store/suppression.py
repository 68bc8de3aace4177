"""The suppression list's only writer and reader: entries and lifts are appended, in the order of their commits."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import BigInteger, func, select, type_coerce
from sqlmodel import Session, col

from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.store.epoch import bump_epoch, lock_epoch
from privacy.store.ledger import Restraint, note_restraints
from privacy.suppression import NORMAL_FORM, Attribute, EntryKind
from privacy.tables.suppression import SuppressionEntry, SuppressionLift
from privacy.terms import ID_BYTES, ActChannel, ConsentAct, PrincipalId, PurposeId

ENTRIES: Final = {
    "seq": pl.Int64,
    "set_id": pl.Binary,
    "kind": pl.String,
    "attribute": pl.String,
    "token": pl.Binary,
    "purpose": pl.String,
    "act": pl.String,
    "channel": pl.String,
    "at_us": pl.Int64,
    "actor": pl.Binary,
}
"""The columns in which live entries are read; `at_us` is when the person acted, in microseconds since 1970."""

SUPPRESSED: Final = "suppressed"
"""The word for an entry in the ledger of what must not come back after a restore."""
_SAME: Final = ("set_id", "kind", "token", "purpose")
_FEW: Final = 0.2
"""Up to so many tokens for each entry, looking each up costs less than reading the whole list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """One entry about to be added: its digest, what it does, and for an opt-out which act for which purpose.

    `actor` is who said it, if that is not whoever adds the others.
    """

    set_id: bytes
    kind: EntryKind
    attribute: Attribute
    token: bytes
    at: datetime
    reason: str
    purpose: PurposeId | None = None
    act: ConsentAct | None = None
    channel: ActChannel | None = None
    actor: PrincipalId | None = None


_COLUMNS: Final = (
    col(SuppressionEntry.seq),
    col(SuppressionEntry.set_id),
    col(SuppressionEntry.kind),
    col(SuppressionEntry.attribute),
    col(SuppressionEntry.token),
    col(SuppressionEntry.purpose),
    col(SuppressionEntry.act),
    col(SuppressionEntry.channel),
    type_coerce(col(SuppressionEntry.at), BigInteger),
    col(SuppressionEntry.actor),
)
_LIVE: Final = (
    select(*_COLUMNS)
    .outerjoin(SuppressionLift, col(SuppressionLift.set_id) == col(SuppressionEntry.set_id))
    .where(col(SuppressionLift.set_id).is_(None))
)
_LIVE_AMONG: Final = _LIVE.where(among_keys(col(SuppressionEntry.token)))
_PRESENT: Final = select(col(SuppressionEntry.kind), col(SuppressionEntry.attribute), func.count()).group_by(
    col(SuppressionEntry.kind), col(SuppressionEntry.attribute)
)


def add_entries(
    session: Session, entries: Sequence[NewEntry], *, by: PrincipalId, at: datetime, key_version: int
) -> None:
    """Append entries; whoever adds some holds the epoch's lock, so that `seq` is in the order of commits."""
    if not entries:
        return
    epoch = bump_epoch(session, (), kind="suppression")  # locks it
    rows = [_row(entry, by, at, key_version) for entry in entries]
    insert_rows(session, SuppressionEntry, rows)
    note_restraints(session, epoch, [_restraint(row) for row in rows])


def restore_entries(session: Session, restraints: Sequence[Restraint]) -> int:
    """Add the entries that a restored database does not have, as its ledger tells them; return how many.

    Repeating it adds nothing. A set that was lifted after the backup is in force until it is lifted again: a restore
    forgets no no.
    """
    rows = [_told(each) for each in restraints if each.kind == SUPPRESSED]
    lifted = set(session.execute(select(col(SuppressionLift.set_id))).scalars())
    known = set(entries_among(session, [row["token"] for row in rows], listed=len(rows)).select(_SAME).iter_rows())
    new = [row for row in rows if row["set_id"] not in lifted and tuple(row[name] for name in _SAME) not in known]
    insert_rows(session, SuppressionEntry, new)
    return len(new)


def newest_entry(session: Session) -> int:
    """Return the number of the newest entry, 0 if there is none."""
    return int(session.execute(select(func.max(col(SuppressionEntry.seq)))).scalar_one() or 0)


def newest_key_version(session: Session) -> int:
    """Return the newest version of the list's key that an entry is under, 0 if there is none."""
    return int(session.execute(select(func.max(col(SuppressionEntry.key_version)))).scalar_one() or 0)


def entries_present(session: Session) -> dict[tuple[EntryKind, Attribute], int]:
    """Count entries, lifted ones included, by kind and attribute: what need not be computed for is not there."""
    return {(EntryKind(kind), Attribute(of)): int(count) for kind, of, count in session.execute(_PRESENT).all()}


def entries_among(session: Session, tokens: Sequence[bytes], *, listed: int | None = None) -> pl.DataFrame:
    """Return the live entries that have one of the tokens; `listed` is how many there are in all, if it is known."""
    if not tokens or listed == 0:
        return pl.DataFrame(schema=ENTRIES)
    if listed is None or is_worth_looking_up(len(tokens), listed=listed):
        return _frame(select_among(session, _LIVE_AMONG, tokens))
    wanted = pl.DataFrame({"token": tokens}, schema={"token": pl.Binary})
    return entries_since(session, 0).join(wanted, on="token", how="semi")


def is_worth_looking_up(tokens: int, *, listed: int) -> bool:
    """Say whether so many tokens are better looked up one by one than in the whole list."""
    return tokens < listed * _FEW


def entries_since(session: Session, seq: int) -> pl.DataFrame:
    """Return the live entries that were added after one."""
    return _frame(session.execute(_LIVE.where(col(SuppressionEntry.seq) > seq)))


def live_entries(session: Session, kinds: AbstractSet[EntryKind]) -> pl.DataFrame:
    """Return every live entry of some kinds, in the order in which they were added."""
    query = _LIVE.where(col(SuppressionEntry.kind).in_([kind.value for kind in kinds]))
    return _frame(session.execute(query.order_by(col(SuppressionEntry.seq))))


def lift_sets(session: Session, sets: Sequence[bytes], *, by: PrincipalId, at: datetime, reason: str) -> None:
    """Lift sets of entries by rows of their own; the entries stay, and no longer count."""
    lock_epoch(session)
    rows = [{"set_id": each, "lifted_at": at, "actor": by, "reason": reason} for each in sets]
    insert_rows(session, SuppressionLift, rows)


def _row(entry: NewEntry, by: PrincipalId, at: datetime, key_version: int) -> dict[str, Any]:
    return {
        "set_id": entry.set_id,
        "kind": entry.kind.value,
        "attribute": entry.attribute.value,
        "token": entry.token,
        "purpose": entry.purpose or "",
        "act": "" if entry.act is None else entry.act.value,
        "channel": "" if entry.channel is None else entry.channel.value,
        "at": entry.at,
        "recorded_at": at,
        "actor": by if entry.actor is None else entry.actor,
        "reason": entry.reason,
        "standardiser_version": NORMAL_FORM,
        "key_version": key_version,
    }


def _restraint(row: Mapping[str, Any]) -> Restraint:
    """Tell the ledger of what must not come back what makes an entry; short, for its copy outside is of short lines."""
    token = urlsafe_b64encode(row["token"]).decode().rstrip("=")
    words = (row["kind"], row["attribute"], token, row["act"], row["reason"])
    detail = ":".join((*words, str(row["standardiser_version"]), str(row["key_version"])))
    told = {"purpose": row["purpose"], "channel": row["channel"], "detail": detail}
    return Restraint(kind=SUPPRESSED, ref=row["set_id"], at=row["at"], **told)


def _told(restraint: Restraint) -> dict[str, Any]:
    """Make an entry of what `_restraint` told; who added it is in the audit log."""
    kind, attribute, token, act, reason, standardiser, key = restraint.detail.split(":")
    return {
        "set_id": restraint.ref,
        "kind": kind,
        "attribute": attribute,
        "token": urlsafe_b64decode(token + "="),
        "purpose": restraint.purpose,
        "act": act,
        "channel": restraint.channel,
        "at": restraint.at,
        "recorded_at": restraint.at,
        "actor": bytes(ID_BYTES),
        "reason": reason,
        "standardiser_version": int(standardiser),
        "key_version": int(key),
    }


def _frame(rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    return pl.DataFrame([tuple(row) for row in rows], schema=ENTRIES, orient="row")
