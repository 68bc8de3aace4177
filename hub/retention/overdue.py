"""What is past its time, told by the catalogue alone: cheap enough for `varde doctor`, exact where it speaks.

The oldest row of each file is known. Where the event time decides and no law holds that row, the file holds at least
one row that should be gone. Rules that count from a person are the plan's to answer.
"""

from dataclasses import dataclass
from datetime import date, datetime

from hub.compose import Hub
from hub.finding import Finding, State
from hub.lake import catalogue
from hub.lake.terms import FileState
from hub.retention.holds import standing_holds
from hub.retention.own_terms import Endings, own_terms
from hub.retention.store import all_runs, find_open
from hub.retention.terms import TableTerms, terms_of
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.retention import date_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Tables of the lake with rows past their time, rows of the control database likewise, and how runs stand.

    `day` is that of the newest completed run, None before the first; `broken_off` is that of one without an end.
    """

    tables: tuple[str, ...]
    rows: int
    day: date | None
    broken_off: date | None


def finding(hub: Hub, endings: Endings = ()) -> Finding:
    """Tell the doctor: a run that broke off, or what is past its time."""
    late, remedy = (
        overdue(hub, at=hub.clock(), endings=endings),
        "See `varde retention plan`, then `varde retention run`; run it daily",
    )
    if late.broken_off is not None:
        return Finding("retention", State.WARNING, f"the run of {late.broken_off} broke off", remedy)
    if late.tables or late.rows:
        tables = f"rows of {', '.join(late.tables)}" if late.tables else "no table of the lake"
        found = f"past their time: {tables}, and {late.rows} sealed rows and tokens; no read shows them"
        return Finding("retention", State.WARNING, found, remedy)
    newest = "no run yet" if late.day is None else f"newest run for {late.day}"
    return Finding("retention", State.OK, f"nothing is known to be past its time; {newest}")


def overdue(hub: Hub, *, at: datetime, endings: Endings = ()) -> Overdue:
    """Say what a run should have taken by an instant."""
    policy, on = hub.policy(), date_of(at)
    with hub.reading() as session:
        files = catalogue.files_of(session, states=[FileState.LIVE])
        held = standing_holds(session, at=at)
        runs, open_run = all_runs(session), find_open(session)
    oldest: dict[str, list[datetime]] = {}
    for file in files:
        oldest.setdefault(file.table, []).append(file.min_event_at)
    late = [
        table
        for table, times in sorted(oldest.items())
        if not any(hold.covers(table) for hold in held) and _is_late(terms_of(policy, LAKE_TABLES[table]), times, on)
    ]
    return Overdue(
        tables=tuple(late),
        rows=sum(term.over[0] for term in own_terms(hub, (at,), endings)),
        day=max((run.day for run in runs if run.completed_at is not None), default=None),
        broken_off=None if open_run is None else open_run.day,
    )


def _is_late(terms: TableTerms, oldest: list[datetime], on: date) -> bool:
    before, held_from = terms.ended_before(on=on), terms.held_from(on=on)
    if before is None:
        return False
    return any(time < before and (held_from is None or time < held_from) for time in oldest)
