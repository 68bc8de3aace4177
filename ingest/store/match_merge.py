"""Runs of tokens made one, given up and swept: who holds a lock on several holds them in the order of their numbers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlmodel import Session, col

from ingest.store.batch import BatchState
from ingest.store.match_run import DROPPED, MERGING, READY, Found, Run, runs, within
from ingest.tables.batch import Batch
from ingest.tables.match import MatchBlock, MatchRun
from privacy.terms import BatchId, EntityKind


def found_under(session: Session) -> list[Found]:
    """List under what there are runs."""
    columns = (col(MatchRun.kind), col(MatchRun.key_version), col(MatchRun.form_version))
    return [Found(*row) for row in session.execute(select(*columns).distinct().order_by(*columns))]


def runs_at_rest(session: Session, found: Found) -> list[Run]:
    """List the runs that nobody writes any more: those of batches that are settled, and of corrections."""
    every = runs(session, found)
    batches = [run.batch_id for run in every if run.batch_id is not None]
    query = select(col(Batch.batch_id)).where(col(Batch.batch_id).in_(batches))
    settled = set(session.execute(query.where(col(Batch.state) == BatchState.SETTLED.value)).scalars())
    return [run for run in every if run.batch_id is None or run.batch_id in settled]


def changes_of(session: Session, some: Sequence[Run]) -> dict[int, int]:
    """Say how often something was taken out of each of some runs; of one that is looked into no more, nothing."""
    query = select(col(MatchRun.number), col(MatchRun.changes))
    mine = col(MatchRun.number).in_([run.number for run in some])
    return {row.number: row.changes for row in session.execute(query.where(mine, col(MatchRun.state) == READY))}


def goes_on_merging(session: Session, run: Run, some: Sequence[Run], *, until: datetime) -> dict[int, int] | None:
    """Hold what is merged and what it is made of until the commit, for `until` at the longest.

    Returns how often something was taken out of each (`changes_of`): what was read before the last time may not be
    written. None if somebody gave the merging up, or dropped one of the runs.
    """
    numbers = [*(each.number for each in some), run.number]
    query = select(col(MatchRun.number), col(MatchRun.changes), col(MatchRun.state))
    held = query.where(col(MatchRun.number).in_(numbers)).order_by(col(MatchRun.number)).with_for_update()
    rows = list(session.execute(held))
    wanted = dict.fromkeys(numbers, READY) | {run.number: MERGING}
    if {number: state for number, _, state in rows} != wanted:
        return None
    session.execute(update(MatchRun).where(col(MatchRun.number) == run.number).values(merging_until=until))
    return {number: changes for number, changes, _ in rows if number != run.number}


def replace_runs(session: Session, run: Run, some: Sequence[Run], *, written: int) -> None:
    """Drop the runs that another was made of, and look into that; whoever calls it holds them all.

    What was taken out of it while it was written has been taken off the number of entries that it began with.
    """
    change_state(session, [each.number for each in some], DROPPED)
    counted = {"entry_count": col(MatchRun.entry_count) + (written - run.entry_count)}
    session.execute(update(MatchRun).where(col(MatchRun.number) == run.number).values(**counted))
    change_state(session, [run.number], READY)


def change_state(session: Session, numbers: Sequence[int], state: str) -> None:
    """Let runs be looked into, or no more."""
    _set_state(session, col(MatchRun.number).in_(list(numbers)), state)


def drop_runs_of_batch(session: Session, batch_id: BatchId) -> None:
    """Let nobody look into what a batch wrote any more; its blocks are swept later."""
    _set_state(session, col(MatchRun.batch_id) == batch_id, DROPPED)


def drop_runs_before(session: Session, serving: Found) -> None:
    """Let nobody look into runs of a kind that are older than the versions which serve it."""
    older = or_(col(MatchRun.key_version) < serving.key_version, col(MatchRun.form_version) < serving.form_version)
    _set_state(session, and_(col(MatchRun.kind) == serving.kind, older), DROPPED)


def sweep_dropped(session: Session, *, at: datetime, limit: int) -> int:
    """Delete some blocks that nobody looks into any more, a run's head at last; return how many rows, 0 at the end.

    A run that somebody was merging when they died goes as well.
    """
    query = select(col(MatchRun.number)).where(_over(at))
    number = session.execute(query.order_by(col(MatchRun.number)).limit(1).with_for_update()).scalar_one_or_none()
    if number is None:
        return 0
    change_state(session, [number], DROPPED)  # whoever still merges it sees that it is given up
    some = list(session.execute(select(col(MatchBlock.place)).where(within(number)).limit(limit)).scalars())
    if some:
        session.execute(delete(MatchBlock).where(col(MatchBlock.place).in_(some)))
        return len(some)
    session.execute(delete(MatchRun).where(col(MatchRun.number) == number))
    return 1


def waits_for_sweep(session: Session, *, at: datetime) -> bool:
    """Say whether there is anything that `sweep_dropped` would delete."""
    return session.execute(select(col(MatchRun.number)).where(_over(at)).limit(1)).first() is not None


def has_runs_under(session: Session, kind: EntityKind, key_version: int) -> bool:
    """Say whether tokens of a kind under a version of matching's key lie there, those waiting to be swept included."""
    mine = (col(MatchRun.kind) == kind.value, col(MatchRun.key_version) == key_version)
    query = select(col(MatchRun.number)).where(*mine)
    return session.execute(query.limit(1)).first() is not None


def _over(at: datetime) -> ColumnElement[bool]:
    """Say that nobody looks into a run any more, nor writes it."""
    given_up = and_(col(MatchRun.state) == MERGING, col(MatchRun.merging_until) <= at)
    return or_(col(MatchRun.state) == DROPPED, given_up)


def _set_state(session: Session, which: ColumnElement[bool], state: str) -> None:
    """Lock runs in the order in which everybody does, then write."""
    query = select(col(MatchRun.number)).where(which).order_by(col(MatchRun.number)).with_for_update()
    numbers = list(session.execute(query).scalars())
    chosen = update(MatchRun).where(col(MatchRun.number).in_(numbers))
    session.execute(chosen.values(state=state, merging_until=None))
