"""How often a view may be read: its approval fixes how many reads a day, week or month may see (UTC, by release).

One view at many instants rebuilds the events between them, and at one instant again after a delivery, what arrived: so
each release counts, whoever read, and a training release counts as one. The same rows twice tell nothing new: a read of
an instant that was released before in the period is free as long as nobody's data came in and no rule changed since.
People who left meanwhile are missing in it, as their recall says of the first one anyway.

The release rows themselves are the counter. Asked under the epoch's lock, in the transaction that writes the release:
of two processes that both want the last read one comes second, and is refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, select
from sqlmodel import Session, col

from hub.errors import AccessRefused
from hub.views.spec import Grid, ViewSpec
from hub.views.tables import Release
from privacy.store.epoch import records_changed_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is read: rows at `as_of`, or, for `training`, with labels at `instants` of which it is the last."""

    as_of: datetime
    instants: int = 1
    training: bool = False


def verify_reads_left(session: Session, spec: ViewSpec, asked: Asked, *, at: datetime) -> bool:
    """Say whether a read at `at` counts towards what the view allows in its period.

    Raises:
        AccessRefused: `reads_used_up`; the remedy says when the next read is possible.

    """
    if spec.reads is None:
        return True
    begins, ends = period_around(spec.reads.per, at)
    query = select(*_COLUMNS).where(col(Release.view) == spec.name, col(Release.released_at) >= begins)
    earlier = session.execute(query).all()
    if not asked.training and any(_same_rows(session, row, spec, asked) for row in earlier):
        return False
    if sum(row.counted for row in earlier) >= spec.reads.at_most:
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
    col(Release.version),
    col(Release.as_of),
    col(Release.instants),
    col(Release.epoch),
    col(Release.counted),
)


def _same_rows(session: Session, row: Row[tuple[int, datetime, int, int, bool]], spec: ViewSpec, asked: Asked) -> bool:
    """Say whether a release gave what is asked for now: same version and instant, and nothing came in since."""
    if (row.version, row.as_of, row.instants) != (spec.version, asked.as_of, asked.instants):
        return False
    return records_changed_since(session, row.epoch) is not None
