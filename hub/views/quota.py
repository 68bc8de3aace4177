"""How often a view may be read: its approval fixes how many reads a day, week or month may see (UTC, by release).

One view at many instants rebuilds the events between them, and at one instant again, what came in since. So each
release counts, whoever read: a join at several instants as so many reads; a training release, whose view was approved
for it, as one. So does each snapshot that is kept: whoever knows the pseudonyms may read every row of it. Reads of a
snapshot, of one row or of all, are counted with it.

A read of an instant that was released before in the period is free only while it can show nothing but that somebody
left: nobody is in it who was not in that release, no records were joined or parted since, and nothing happened that
concerns everybody (a delivery, a rule, a view). Who left is missing in it, as the recall says of the first one anyway;
but not in figures of a summary: theirs would be the difference of the two, so such a read counts.

The releases and the snapshots themselves are the counter. Asked under the epoch's lock, in the transaction that writes
the release: of two processes that both want the last read one comes second, and is refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from sqlalchemy import Row, func, select
from sqlmodel import Session, col

from hub.accesses import members_of
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.spec import Grid, ViewSpec
from hub.views.tables import Release, ViewSnapshot
from ingest.store.ordinal import crosswalk_revision
from privacy.membership import only_in
from privacy.store.epoch import records_changed_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is read: rows at `as_of`, or, for `training`, at `instants` of which it is the last; labels may be there.

    `members` are the ordinals of everybody whose records are in it; None where that is not known: the read counts then.
    """

    as_of: datetime
    instants: int = 1
    training: bool = False
    members: pl.Series | None = None


def verify_reads_left(hub: Hub, session: Session, spec: ViewSpec, asked: Asked) -> bool:
    """Say whether a read counts towards what the view allows in its period.

    Raises:
        AccessRefused: `reads_used_up`; the remedy says when the next read is possible.

    """
    if spec.reads is None:
        return True
    begins, ends = period_around(spec.reads.per, hub.clock())
    query = select(*_COLUMNS).where(col(Release.view) == spec.name, col(Release.released_at) >= begins)
    earlier = session.execute(query).all()
    if not asked.training and any(_shows_nothing_new(hub, session, row, spec, asked) for row in earlier):
        return False
    used = sum(_weight(spec, row.instants) for row in earlier if row.counted)
    if used + _snapshots(session, spec.name, begins) + _weight(spec, asked.instants) > spec.reads.at_most:
        until = f"{ends:%Y-%m-%d} (UTC)"
        remedy = f"{spec.reads.at_most} a {spec.reads.per} are approved; the next read is possible from {until} on"
        raise AccessRefused("reads_used_up", remedy)
    return True


def period_around(per: Grid, at: datetime) -> tuple[datetime, datetime]:
    """Return the first instant of the day, week (from Monday) or month that holds `at`, and of the next; UTC."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if per is Grid.MONTH:
        first = midnight.replace(day=1)
        return first, (first + timedelta(days=32)).replace(day=1)
    first = midnight - timedelta(days=midnight.weekday() if per is Grid.WEEK else 0)
    return first, first + timedelta(days=7 if per is Grid.WEEK else 1)


_COLUMNS = (
    col(Release.release_id),
    col(Release.version),
    col(Release.as_of),
    col(Release.instants),
    col(Release.epoch),
    col(Release.counted),
)
_Earlier = Row[tuple[bytes, int, datetime, int, int, bool]]


def _weight(spec: ViewSpec, instants: int) -> int:
    """Return as how many reads a release at several instants counts: of a view that teaches, as one."""
    return 1 if spec.label is not None else instants


def _snapshots(session: Session, view: str, since: datetime) -> int:
    made = select(func.count()).where(col(ViewSnapshot.view) == view, col(ViewSnapshot.made_at) >= since)
    return int(session.execute(made).scalar_one())


def _shows_nothing_new(hub: Hub, session: Session, row: _Earlier, spec: ViewSpec, asked: Asked) -> bool:
    """Say whether whoever has a release learns nothing by what is asked for now, but who has left.

    Only a release that counted is held up: kept rows are released at the present epoch, but were built before.
    """
    if not row.counted or (row.version, row.as_of, row.instants) != (spec.version, asked.as_of, asked.instants):
        return False
    if asked.members is None or records_changed_since(session, row.epoch) is None:
        return False
    before = members_of(hub, session, row.release_id)
    if before is None or before.crosswalk_revision != crosswalk_revision(session):
        return False
    if spec.summary is not None and before.count != asked.members.n_unique():
        return False  # figures without those who left are figures of them, by subtraction
    return bool(only_in(before.ordinals, asked.members).all())
