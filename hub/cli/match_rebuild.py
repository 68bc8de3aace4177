"""`varde match rebuild`: everybody of this home matched anew, whatever came in which order."""

from dataclasses import replace

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say
from hub.cli.progress import counting_to
from hub.cli.rehearsal import DryRun
from hub.compose import Hub
from hub.errors import SettingsInvalid
from hub.keystore.matching import matching_of
from hub.views.regrouped import standing_change
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.rebuilding import Order, Rehearsed, rehearse
from ingest.pipeline.rebuilding import rebuild as match_anew
from ingest.store.match_whole import count_people
from privacy.terms import EntityKind


def rebuild(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Match everybody anew, and move only who is not where that says. `match undo` takes it back as a delivery's."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    matching = matching_set(act.hub)
    order = Order(role=act.principal.role, country=act.hub.settings.country)
    with act.hub.reading() as session:
        people = count_people(session)
    with counting_to("opening records", people) as watch:
        ports = replace(act.hub.ports(act.principal.principal_id), progress=watch)
        if dry_run:
            _say_what_would_be(act, rehearse(order, ports, matching), ports)
            return
        done = match_anew(order, ports, matching)
    formed = f", {counted(done.formed, 'is', 'are')} found by matching from now on" if done.formed else ""
    say(f"{counted(done.records, 'record', 'records')} compared{formed}; {done.moved} changed entity.")
    if done.moved:
        say(f"`varde match undo {done.batch_id.hex()}` takes that back.")


def matching_set(hub: Hub, kind: EntityKind = EntityKind.PERSON) -> Matching:
    """Return how people are matched here, or organisations.

    Raises:
        SettingsInvalid: they are joined by exact rules.

    """
    found = matching_of(hub.keystore, hub.reading, hub.settings, kind)
    if found is None:
        raise SettingsInvalid("VARDE_MATCHING", "everybody is joined by exact rules", "Set it to model")
    return found


def _say_what_would_be(act: Acting, told: Rehearsed, ports: Ports) -> None:
    touched = told.change.touched
    with ports.read_only() as session:
        noes = standing_change(session, act.hub.policy(), touched, at=act.hub.clock())
    say(
        f"Dry run: {counted(told.records, 'record', 'records')} compared, {told.formed} of them new to matching. "
        f"{len(told.change.moves)} would change entity: "
        f"{counted(touched['before'].n_unique(), 'person', 'persons')} would become {touched['after'].n_unique()}. "
        f"{noes.bound} would come under another record's no, {noes.freed} would no longer be under one. "
        "Nothing was changed; the log says that records were opened."
    )
