"""Permitted sets that a process remembers between reads, each exact for the epoch at which it is given out.

Rules kept here:
- a set is given out only when the change log of the request's own snapshot says that nothing happened since it was
  decided; what did happen is decided anew, of those entities alone. Nothing has a time to live;
- time passing bumps no epoch, so whoever's consent has lapsed since is decided anew, too;
- a set is never older than the request. It may be newer, where another thread was ahead: the fence looks at all that
  changed since the request's own epoch, so such a read shows what it would have shown a moment later;
- a change that touches everybody (policy, view, batch, restore), another purpose by the same name, a clock that was set
  back, or more changes than are worth it: everything is read anew;
- a record that a delivery has named and not made visible yet has no row that anybody could read. It enters the set
  when the delivery is made visible, or when its entity is decided anew for another reason.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.views.permission import Decisions, PermittedSet, decisions_on
from ingest.store.record import entities_of_records
from privacy.instant import microseconds_of
from privacy.purposes import Purpose
from privacy.store.epoch import current_epoch, records_changed_since
from privacy.terms import EntityKind

_AT_MOST: Final = 8
"""Sets of one process, about 70 bytes a record each: a purpose at person grain and the organisations beside it."""
_FEW: Final = 5_000
"""Up to so many entities are looked up one by one; beyond, reading everybody costs less (`privacy.store.standing`)."""
_SET_BACK: Final = timedelta(minutes=1)
"""Threads take their instants a moment apart; a clock that is further behind was set back."""
_Name = tuple[str, EntityKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A set, and all that it follows from."""

    purpose: Purpose
    epoch: int
    at: datetime
    decisions: Decisions
    found: PermittedSet
    lapse_us: int | None
    """When the first consent of all lapses by itself, also one that permits nobody: it may silence others then."""


@dataclass(slots=True)
class RememberedSets:
    """The sets of one process; safe to be asked from any thread."""

    _known: dict[_Name, _Known] = field(default_factory=dict)
    _turns: defaultdict[_Name, Lock] = field(default_factory=lambda: defaultdict(Lock))
    _door: Lock = field(default_factory=Lock)

    def of(self, session: Session, purpose: Purpose, kind: EntityKind, *, at: datetime) -> PermittedSet:
        """Return who may be read for a purpose at an instant: what `permitted_set` would read from scratch.

        The session is a read transaction: what a write transaction sees might never be committed.
        """
        epoch, name = current_epoch(session), (purpose.id, kind)
        with self._turns[name]:  # who comes meanwhile waits for this answer instead of reading everybody, too
            known = self._known.get(name)
            if known is None or known.purpose != purpose or known.at - at > _SET_BACK:
                known = _read(session, purpose, kind, at=at)
            elif epoch >= known.epoch:
                known = _brought_on(session, known, kind, epoch, at=at)
            elif _has_lapsed(known, at):  # this snapshot is too old to say what the newer set would be now
                return decisions_on(session, purpose, kind, at=at).permitted()
            self._keep(name, known)
            return known.found

    def learn_ordinals(self, purpose: Purpose, kind: EntityKind, given: pl.DataFrame) -> None:
        """Remember ordinals (record, ordinal) that were given since: a record keeps its own for life."""
        name = (purpose.id, kind)
        with self._turns[name]:
            known = self._known.get(name)
            if known is None or given.is_empty():
                return
            decided, records = (_numbered(each, given) for each in (known.decisions.decided, known.found.records))
            decisions = replace(known.decisions, decided=decided)
            self._keep(
                name, replace(known, decisions=decisions, found=replace(known.found, records=records, decided=decided))
            )

    def _keep(self, name: _Name, known: _Known) -> None:
        """Put a set at the end of those that are remembered, and forget the one that was asked for longest ago."""
        with self._door:
            self._known.pop(name, None)
            self._known[name] = known
            while len(self._known) > _AT_MOST:
                del self._known[next(iter(self._known))]


def permitted_now(hub: Hub, session: Session, purpose: Purpose, kind: EntityKind, *, at: datetime) -> PermittedSet:
    """Return who may be read, from what this process remembers, brought up to the epoch of the session's snapshot."""
    return hub.memory.of(RememberedSets).of(session, purpose, kind, at=at)


def learn_ordinals(hub: Hub, purpose: Purpose, read: pl.DataFrame, members: pl.DataFrame) -> None:
    """Remember the ordinals that a read had to look up or give: `read` lacks some, `members` has all."""
    unknown = read.filter(pl.col("ordinal").is_null()).select("record")
    if unknown.height:
        given = members.join(unknown, on="record", how="semi").select("record", "ordinal").unique("record")
        for kind in EntityKind:
            hub.memory.of(RememberedSets).learn_ordinals(purpose, kind, given)


def _read(session: Session, purpose: Purpose, kind: EntityKind, *, at: datetime) -> _Known:
    """Read everybody."""
    return _made(purpose, current_epoch(session), at, decisions_on(session, purpose, kind, at=at))


def _made(purpose: Purpose, epoch: int, at: datetime, decisions: Decisions) -> _Known:
    """Fold what was decided."""
    first = decisions.decided["until_us"].min()
    return _Known(
        purpose=purpose,
        epoch=epoch,
        at=at,
        decisions=decisions,
        found=decisions.permitted(),
        lapse_us=first if isinstance(first, int) else None,
    )


def _brought_on(session: Session, known: _Known, kind: EntityKind, epoch: int, *, at: datetime) -> _Known:
    """Bring a set up to the epoch of a snapshot and to an instant."""
    changed = set() if epoch == known.epoch else records_changed_since(session, known.epoch)
    if changed is None or len(changed) > _FEW:
        return _read(session, known.purpose, kind, at=at)
    touched = pl.concat([_touched(session, known, changed), _lapsed(known, at)]).unique()
    at = max(at, known.at)
    if touched.is_empty():
        return replace(known, epoch=epoch, at=at)
    if touched.len() > _FEW:
        return _read(session, known.purpose, kind, at=at)
    anew = decisions_on(session, known.purpose, kind, at=at, entities=touched)
    return _made(known.purpose, epoch, at, known.decisions.replaced(touched, anew))


def _touched(session: Session, known: _Known, changed: set[bytes]) -> pl.Series:
    """Return the entities that some records belonged to and belong to now: a move touches both."""
    if not changed:
        return pl.Series("entity", [], dtype=pl.Binary)
    records = pl.Series("record", sorted(changed), dtype=pl.Binary)
    theirs = pl.col("record").is_in(records.implode())
    were = [part.filter(theirs)["entity"] for part in (known.decisions.decided, known.decisions.erased)]
    now = pl.Series("entity", entities_of_records(session, records.to_list()), dtype=pl.Binary)
    return pl.concat([*were, now]).unique()


def _has_lapsed(known: _Known, at: datetime) -> bool:
    return known.lapse_us is not None and known.lapse_us <= microseconds_of(at)


def _lapsed(known: _Known, at: datetime) -> pl.Series:
    """Return the entities of which a consent has run out by itself since."""
    if not _has_lapsed(known, at):
        return pl.Series("entity", [], dtype=pl.Binary)
    return known.decisions.decided.filter(pl.col("until_us") <= microseconds_of(at))["entity"].unique()


def _numbered(records: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Put ordinals where there were none."""
    joined = records.join(given, on="record", how="left", suffix="_given", maintain_order="left")
    return joined.with_columns(ordinal=pl.coalesce("ordinal", "ordinal_given")).drop("ordinal_given")
