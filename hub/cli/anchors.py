"""`varde audit anchor`, `anchors`, `accept-gap`, `verify --anchor`: the audit log and what is kept of it outside."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from hub.anchors.anchor import Outcome
from hub.anchors.anchoring import EXCUSED_HOURS
from hub.anchors.evidence import Evidence, evidence_of, outside_notes
from hub.anchors.standing import Because, Closed, Confirmation
from hub.anchors.store import kept
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn
from hub.cli.table import Format, FormatOption, Table, show
from hub.errors import AccessRefused, ServiceUnreachable, SettingsInvalid
from privacy.checkpoint import origin_of
from privacy.store.audit import log_head
from privacy.verifier import ProofRejected, VerifierKey

LIMIT: Final = (
    "What happened since the last checkpoint that left the house can still be rewritten by whoever owns the disk and "
    "the signing key."
)
_NONE: Final = "No anchor is configured: an old restore cannot be noticed (docs/guides/anchors.md)."


def anchor(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Sign the log's present head and hand it to every anchor now."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    anchoring = act.hub.anchoring
    if not anchoring.anchors:
        raise SettingsInvalid("anchors", "none is configured", "See docs/guides/anchors.md")
    act.hub.checkpoint()
    told = anchoring.publish_to_all()
    columns = ("anchor", "level", "log", "size", "outcome", "why")
    rows = [
        (each.anchor.name, each.anchor.level, each.log, each.size, each.sighting.outcome, each.sighting.why)
        for each in told
    ]
    show(Table(columns, rows, "Anchored"), form)
    failed = [each for each in told if each.sighting.outcome is not Outcome.PUBLISHED]
    for each in failed:
        if each.sighting.outcome in {Outcome.AHEAD, Outcome.CONTRADICTED}:
            raise ProofRejected(f"{each.anchor.name} keeps another or a longer history; see `varde audit anchors`")
    if failed:
        raise ServiceUnreachable(failed[0].anchor.name, failed[0].sighting.why)


def anchors(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Show every anchor: what it keeps, since when, what it said last; and whether reading is open."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    hub = act.hub
    standing = hub.anchoring.standing()
    with hub.reading() as session:
        known, head = kept(session, hub.anchoring.anchors), log_head(session)
    rows = []
    for each in hub.anchoring.anchors:
        last = known.get(each.name)
        behind = None if last is None or last.log != head.log else head.frontier.size - last.size
        told = (None,) * 5 if last is None else (last.log, last.size, last.kept_at, last.outcome, last.why)
        rows.append((each.name, each.level, *told, behind))
    columns = ("anchor", "level", "log", "kept", "kept_at", "said_last", "why", "entries_since")
    show(Table(columns, rows, "Anchors"), form)
    say(LIMIT if rows else _NONE)
    if head.log:
        key = hub.verifier_key()
        say(f"Since a restore the log goes on as {VerifierKey(origin_of(key.name, head.log), key.public)}")
        say("A witness knows a log by this key: give it to those that you use.")
    if isinstance(standing, Closed):
        warn(f"purposes on consent and direct marketing are closed: {standing.because}. See `varde audit accept-gap`.")


def accept_gap(
    ctx: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm without being asked.")] = False,
) -> None:
    """Confirm, as the DPO, that reading may go on although an anchor knows more, otherwise, or does not answer.

    After a restore: withdrawals, objections and erasures of the lost time must have been put in again first, because
    the hub has forgotten them. The confirmation is audited.
    """
    act = acting(ctx, Duty.CONFIRM_GAP)
    hub = act.hub
    standing = hub.anchoring.standing()
    if not isinstance(standing, Closed):
        raise AccessRefused("nothing_is_closed", "There is no gap to accept")
    _explain(standing.because)
    if not yes and not typer.confirm("Open consent-based and marketing purposes again?", err=True):
        raise typer.Abort
    with hub.reading() as session:
        log = log_head(session).log
    until = None
    if standing.because is Because.UNREACHABLE:
        until = hub.clock() + timedelta(hours=EXCUSED_HOURS)
    hub.anchoring.accept_gap(Confirmation(log, standing.because, until), by=act.principal.principal_id)
    say("Confirmed and audited." + (f" It holds until {until.isoformat()}." if until else ""))


def _explain(because: Because) -> None:
    texts = {
        Because.ROLLED_BACK: "An anchor keeps entries that this hub has lost: a backup was put back. Withdrawals, "
        "objections and erasures of that time are forgotten here.",
        Because.CONTRADICTED: "An anchor keeps another history than this hub's: entries were changed, or the hub ran "
        "on beside its own past. Confirming does not mend that: `varde audit verify --anchor` will go on to say so.",
        Because.UNREACHABLE: "An anchor does not answer, or refuses what it is shown (a witness is told a log's key "
        f"first), so a restore could not be noticed. This opens for {EXCUSED_HOURS} hours.",
    }
    say(texts[because])


def notes_kept(act: Acting) -> dict[str, list[str]]:
    """Read all that the anchors keep of this hub's logs, by the anchor's name.

    Raises:
        ServiceUnreachable: an anchor cannot be read now.

    """
    with act.hub.reading() as session:
        return outside_notes(session, act.hub.anchoring.anchors, act.hub.verifier_key())


def show_levels(act: Acting, notes: dict[str, list[str]], form: Format) -> None:
    """Say how far each level holds, and what no level covers."""
    hub = act.hub
    standing = hub.anchoring.standing()
    with hub.reading() as session:
        found = evidence_of(session, hub.anchoring.anchors, notes, hub.verifier_key())
        end = log_head(session)
    show(Table(("level", "by", "log", "size", "at"), [_row(each) for each in found], "Levels"), form)
    if not hub.anchoring.anchors:
        say(_NONE)
    say(f"The log has {end.frontier.size} entries. {LIMIT}")
    if isinstance(standing, Closed):
        warn(f"purposes on consent and direct marketing are closed: {standing.because}.")


def _row(each: Evidence) -> tuple[object, ...]:
    return (each.level, each.by, each.log, each.size, each.at)
