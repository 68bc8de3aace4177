"""`varde match rebuild`: everybody of this home matched anew, whatever came in which order."""

from dataclasses import replace

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.match_kind import SEVERAL, KindOption, matching_set
from hub.cli.message import counted, say
from hub.cli.progress import counting_to
from hub.cli.rehearsal import DryRun
from hub.views.regrouped import standing_change
from ingest.pipeline.partitioning import Change
from ingest.pipeline.ports import Ports
from ingest.pipeline.rebuilding import Order, Rehearsed, rehearse
from ingest.pipeline.rebuilding import rebuild as match_anew
from ingest.store.match_whole import count_records
from privacy.terms import EntityKind


def rebuild(ctx: typer.Context, *, kind: KindOption = EntityKind.PERSON, dry_run: DryRun = False) -> None:
    """Match everybody anew, and move only who is not where that says. `match undo` takes it back as a delivery's."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    matching = matching_set(act.hub, kind)
    order = Order(role=act.principal.role, country=act.hub.settings.country)
    with act.hub.reading() as session:
        records = count_records(session, kind)
    with counting_to("opening records", records) as watch:
        ports = replace(act.hub.ports(act.principal.principal_id), progress=watch)
        if dry_run:
            _say_what_would_be(act, rehearse(order, ports, matching), ports, kind)
            return
        done = match_anew(order, ports, matching)
    formed = f", {counted(done.formed, 'is', 'are')} found by matching from now on" if done.formed else ""
    say(f"{counted(done.records, 'record', 'records')} compared{formed}; {done.moved} changed entity.")
    if done.moved:
        say(f"`varde match undo {done.batch_id.hex()}` takes that back.")


def _say_what_would_be(act: Acting, told: Rehearsed, ports: Ports, kind: EntityKind) -> None:
    change = told.change
    say(
        f"Dry run: {counted(told.records, 'record', 'records')} compared, {told.formed} of them new to matching. "
        f"{len(change.moves)} would change entity: "
        f"{counted(change.touched['before'].n_unique(), kind.value, SEVERAL[kind])} would become "
        f"{change.touched['after'].n_unique()}. {_standing(act, change, ports, kind)}"
        "Nothing was changed; the log says that records were opened."
    )


def _standing(act: Acting, change: Change, ports: Ports, kind: EntityKind) -> str:
    """Say whose standing would change; an organisation has none: it is no data subject."""
    if kind is not EntityKind.PERSON:
        return ""
    with ports.read_only() as session:
        noes = standing_change(session, act.hub.policy(), change.touched, at=act.hub.clock())
    return f"{noes.bound} would come under another record's no, {noes.freed} would no longer be under one. "
