"""How often a view may be read: its approval fixes how many reads a day, week or month may see (UTC, by release).

One view at many instants rebuilds the events between them, and at one instant again, what came in since. So each
release counts, whoever read: a join at several instants as so many reads; a training release, whose view was approved
for it, as one. So does each snapshot that is kept: whoever knows the pseudonyms may read every row of it. Reads of a
snapshot, of one row or of all, are counted with it.

A read of an instant that was released before in the period is free only while it can show nothing but that somebody
left: nobody is in it who was not in that release, no records were joined or parted since, nothing happened that
concerns everybody (a delivery, a rule, a view), and it is the same UTC day. Retention ends rows by days, whoever stays:
what a row or a figure falls by from one day to the next is the events of a day that is known, each of its date and
amount, where the view tells sums of months. So on another day the read counts, of rows as of figures. Who left is
missing in it, as the recall says of the first one anyway.

Exact figures of one instant leave for one set of people only (`figures_of_who_moved`), in this period and later:
figures with and without somebody are, by subtraction, that person's. How many moved does not help, for of many who left
one may have been alone in a cell; and who left may not be read any more, so nobody can look. The next instant mixes
their going with what everybody did. Noise covers one person, and an answer given as it left once is nothing new.

The releases and the snapshots themselves are the counter. Asked under the epoch's lock, in the transaction that writes
the release: of two processes that both want the last read one comes second, and is refused.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

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
from privacy.retention import date_of
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

    def of(self, members: pl.Series) -> Self:
        """Return the same once it is known who is in it."""
        return replace(self, members=members)


def verify_reads_left(hub: Hub, session: Session, spec: ViewSpec, asked: Asked) -> bool:
    """Say whether a read counts towards what the view allows in its period.

    Raises:
        AccessRefused: `reads_used_up`; the remedy says when the next read is possible. `figures_of_who_moved`: exact
            figures of that instant left already, of others.

    """
    at = hub.clock()
    if spec.summary is not None and spec.summary.budget is None and asked.members is not None:
        _verify_of_the_same(hub, session, spec, asked.as_of, asked.members)
    if spec.reads is None:
        return True
    begins, ends = period_around(spec.reads.per, at)
    query = select(*_COLUMNS).where(col(Release.view) == spec.name, col(Release.released_at) >= begins)
    earlier = session.execute(query).all()
    today = [row for row in earlier if date_of(row.released_at) == date_of(at)]
    if not asked.training and any(_shows_nothing_new(hub, session, row, spec, asked) for row in today):
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
    col(Release.released_at),
)
_Earlier = Row[tuple[bytes, int, datetime, int, int, bool, datetime]]


def _weight(spec: ViewSpec, instants: int) -> int:
    """Return as how many reads a release at several instants counts: of a view that teaches, as one."""
    return 1 if spec.label is not None else instants


def _snapshots(session: Session, view: str, since: datetime) -> int:
    made = select(func.count()).where(col(ViewSnapshot.view) == view, col(ViewSnapshot.made_at) >= since)
    return int(session.execute(made).scalar_one())


def _verify_of_the_same(hub: Hub, session: Session, spec: ViewSpec, as_of: datetime, members: pl.Series) -> None:
    """Refuse exact figures of an instant that left before, of others; the newest release speaks for those before it."""
    query = (
        select(col(Release.release_id))
        .where(col(Release.view) == spec.name, col(Release.version) == spec.version, col(Release.as_of) == as_of)
        .order_by(col(Release.released_at).desc())
        .limit(1)
    )
    release_id = session.execute(query).scalar_one_or_none()
    if release_id is None:
        return
    before = members_of(hub, session, release_id)
    if before is None or before.count != members.n_unique() or not only_in(before.ordinals, members).all():
        remedy = (
            f"Figures of {as_of:%Y-%m-%d} left before somebody came or went: the difference would be theirs. "
            f"Keep those, or read the next {spec.grid}; a version with `privacy` may be read again"
        )
        raise AccessRefused("figures_of_who_moved", remedy)


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
