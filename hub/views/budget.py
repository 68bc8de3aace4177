"""The privacy budget of a view: what its releases spent, and the noisy figures that they were answered with.

Rules kept here:
- a release is paid for, in a transaction of its own, before anything is computed; what is spent stays spent, whatever
  becomes of the release. By the epoch's lock, of two readers who both want the last of a budget one comes second;
- views of one purpose and grain that read a table in common spend of one account, whatever their names, and so do all
  versions of a view: neither approving again nor a copy under another name renews anything, for what is learned of
  people adds up. The budget is what the approved version says of that account, so that only a DPO can raise it;
- the same question gets the same answer, and spends nothing: the same rules and instant, of exactly the same permitted
  records, and nothing happened since that concerns everybody (a delivery, a rule). Fresh noise on the same figures
  would be averaged away.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import polars as pl
from sqlalchemy import func, insert, select
from sqlmodel import Session, col

from hub.errors import AccessRefused
from hub.views.intent import Intent
from hub.views.load import load_spec
from hub.views.permission import PermittedSet
from hub.views.spec import ViewSpec
from hub.views.summary import MICRO, Budget
from hub.views.tables import ViewAnswer, ViewSpend
from hub.views.version import find_version
from privacy.store.epoch import records_changed_since
from privacy.terms import PrincipalId, random_id

_WORD_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a release rests on: a spend, and the permitted records that its figures are of."""

    spend_id: bytes
    basis: bytes
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """What is asked for, an instant of the grid, and when."""

    as_of: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Figures as they were released once."""

    spend_id: bytes
    basis: bytes
    figures: str

    def frame(self, schema: pl.Schema) -> pl.DataFrame:
        """Return the figures in the types in which they left."""
        return pl.DataFrame(json.loads(self.figures), schema=schema)


def basis_of(permitted: PermittedSet, persons: PermittedSet | None) -> bytes:
    """Return the SHA-256 of whose records may be read, and which of them are one customer."""
    digest = sha256()
    for each in (permitted, persons):
        frame = pl.DataFrame() if each is None else each.records.select("record", "entity").sort("record")
        digest.update(frame.height.to_bytes(_WORD_BYTES))
        for column in frame:
            for start in (0, _WORD_BYTES):
                half = column.bin.slice(start, _WORD_BYTES).bin.reinterpret(dtype=pl.Int64())
                digest.update(half.to_numpy().tobytes())
    return digest.digest()


def spent_of(session: Session, spec: ViewSpec) -> int:
    """Return what was spent so far of the account that a view spends of, in millionths of epsilon."""
    which = (col(ViewSpend.view), col(ViewSpend.version))
    query = select(*which, func.sum(col(ViewSpend.micro_epsilon))).group_by(*which)
    spends = session.execute(query).all()
    return sum(int(micro) for view, version, micro in spends if _is_of_account(session, spec, view, version))


def learns_of_the_same(spec: ViewSpec, other: ViewSpec) -> bool:
    """Say whether two views tell of the same customers' acts: they read a table in common, at one grain."""
    return spec.grain is other.grain and not set(spec.tables).isdisjoint(other.tables)


def _is_of_account(session: Session, spec: ViewSpec, view: str, version: int) -> bool:
    if view == spec.name:
        return True
    found = find_version(session, view, version)
    if found is None:
        return True
    return found.purpose == spec.purpose and learns_of_the_same(spec, load_spec(found.spec))


def spend(session: Session, spec: ViewSpec, budget: Budget, by: PrincipalId, instants: Instants) -> bytes:
    """Pay for one release in the caller's transaction, which holds the epoch's lock; return the spend's id.

    Raises:
        AccessRefused: `budget_used_up`; the remedy says what is left.

    """
    left = budget.total - spent_of(session, spec)
    if left < budget.epsilon:
        said = [f"{each / MICRO:g}" for each in (budget.epsilon, max(left, 0), budget.total)]
        remedy = (
            f"A release spends {said[0]} of epsilon, and {said[1]} of {said[2]} are left: "
            "have the DPO approve a version with a larger budget. Views of a purpose share it by their tables"
        )
        raise AccessRefused("budget_used_up", remedy)
    spend_id = random_id()
    row = {
        "spend_id": spend_id,
        "view": spec.name,
        "version": spec.version,
        "as_of": instants.as_of,
        "micro_epsilon": budget.epsilon,
        "principal_id": by,
        "spent_at": instants.at,
    }
    session.execute(insert(ViewSpend), [row])
    return spend_id


def find_answer(session: Session, spec: ViewSpec, as_of: datetime, basis: bytes) -> Answer | None:
    """Return what the same question was answered with, if nothing changed since that could change the figures."""
    query = (
        select(ViewAnswer)
        .where(
            col(ViewAnswer.spec_hash) == spec.hash,
            col(ViewAnswer.as_of) == as_of,
            col(ViewAnswer.basis) == basis,
        )
        .order_by(col(ViewAnswer.epoch).desc())
        .limit(1)
    )
    row = session.execute(query).scalar_one_or_none()
    if row is None or records_changed_since(session, row.epoch) is None:
        return None
    return Answer(spend_id=row.spend_id, basis=row.basis, figures=row.figures)


def keep_answer(session: Session, intent: Intent, paid: Paid | None, frame: pl.DataFrame) -> None:
    """Keep the figures of a release in its own transaction; of a view without a budget nothing is kept.

    Raises:
        AccessRefused: the view has a budget, and nobody paid for this release.

    """
    if intent.spec.summary is None or intent.spec.summary.budget is None:
        return
    if paid is None:
        raise AccessRefused("release_not_paid_for", "Read the view as a whole")
    if paid.is_repeated:
        return
    row = {
        "spend_id": paid.spend_id,
        "spec_hash": intent.spec.hash,
        "as_of": intent.as_of,
        "basis": paid.basis,
        "epoch": intent.epoch,
        "release_id": intent.release_id,
        "answered_at": intent.at,
        "figures": json.dumps(frame.to_dict(as_series=False)),
    }
    session.execute(insert(ViewAnswer), [row])
