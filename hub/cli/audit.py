"""`varde audit`: read the log, prove it, and give auditors what they need to prove it themselves."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hub.anchors.evidence import verify_not_rolled_back
from hub.attempts import tell_denials
from hub.cli import anchors
from hub.cli.audit_proof import export, prove, receipt, verifier
from hub.cli.audit_reconcile import reconcile
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.moment import instant_from
from hub.cli.note import note_from
from hub.cli.progress import counting
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.sequencing import sequence
from hub.views.intent import open_releases
from privacy.audit import AuditFields
from privacy.checkpoint import origin_of
from privacy.store.audit import NewEntry, entries, log_head
from privacy.store.audit_continuation import log_after, logs_of, start_log_after
from privacy.store.audit_node import rebuild_nodes
from privacy.store.audit_verify import verify_log
from privacy.verifier import CONTINUED

app = typer.Typer(help="The audit log.", no_args_is_help=True)
Notes = Annotated[
    list[Path] | None, typer.Option("--note", help="A checkpoint that somebody else kept; may be given often.")
]


class Reason(StrEnum):
    """Why a new log begins."""

    RESTORED = "restored"
    DAMAGED = "damaged"
    DRILL = "drill"


@app.command()
def log(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    action: Annotated[str | None, typer.Option("--action", help="Only actions that begin so, such as `view.`.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only from this date or instant on.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 100,
    only_open: Annotated[bool, typer.Option("--open", help="Only releases that began and never completed.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List entries, newest first: who did what, when, to how many. No entry holds anything about a person."""
    act = acting(ctx, Duty.READ_AUDIT)
    if only_open:
        _show_open(act, form)
        return
    tell_denials(act.hub)
    sequence(act.hub)
    start = None if since is None else instant_from(since)
    with act.hub.reading() as session:
        found = entries(session, action=action, since=start, limit=limit)
    rows = [(leaf, entry.at, entry.action, entry.actor, dict(entry.fields)) for leaf, entry in found]
    show(Table(("leaf", "at", "action", "actor", "fields"), rows, "Audit log"), form)


def _show_open(act: Acting, form: Format) -> None:
    with act.hub.reading() as session:
        found = open_releases(session)
    columns = ("leaf", "at", "view", "version", "purpose", "rows", "principal", "release")
    rows: list[tuple[object, ...]] = []
    for each in found:
        what = (each.intent_leaf, each.at, each.view, each.version, each.purpose, each.rows)
        rows.append((*what, each.principal, each.release_id))
    show(Table(columns, rows, "Releases without completion"), form)
    if found:
        say("Their rows may have left: treat them as released. One that is on its way out right now is listed, too.")


@app.command()
def verify(
    ctx: typer.Context,
    *,
    note: Notes = None,
    anchor: Annotated[bool, typer.Option("--anchor", help="Compare with all that the anchors keep.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Recompute the whole log: every leaf, the order, the head, every signed checkpoint, and those kept elsewhere."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    key = act.hub.verifier_key()
    kept = {f"note {number}": [note_from(path)] for number, path in enumerate(note or [], start=1)}
    kept |= anchors.notes_kept(act) if anchor else {}
    outside = [each for notes in kept.values() for each in notes]
    with act.hub.reading() as session, counting("Recomputing the log") as progress:
        verify_not_rolled_back(session, kept, key)
        verdict = verify_log(session, key, outside=outside, progress=progress)
    columns = ("entries", "unsequenced", "bodies_pruned", "checkpoints", "notes", "logs", "lost", "level", "key")
    lost = sum(gap.known - gap.held for gap in verdict.gaps)
    level = "anchored" if outside else "signed"
    counts = (verdict.size, verdict.unsequenced, verdict.pruned, verdict.checkpoints, verdict.outside, verdict.logs)
    show(Table(columns, [(*counts, lost, level, str(key))], "Verified"), form)
    if verdict.unsequenced:
        warn(f"{verdict.unsequenced} entries are committed and not in the tree yet: nothing signed covers them.")
        say("A server places them each second; `varde audit checkpoint` does it now.")
    for gap in verdict.gaps:
        warn(f"{gap.known - gap.held} entries of {gap.origin}, from {gap.held} on, were lost by a restore.")
    if outside:
        say("Every entry is where it was written and says what it said when those checkpoints were kept.")
    else:
        say("The log does not contradict itself. Whoever holds its key could have rewritten it as a whole: only a")
        say("checkpoint that somebody else kept shows that (`--note FILE`, `--anchor`).")
    if anchor:
        anchors.show_levels(act, kept, form)


@app.command()
def checkpoint(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Sign the log's present head and print the note: kept by somebody else, it proves a later rollback."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    if dry_run:
        with act.hub.reading() as session:
            head = log_head(session)
        anchored = f" and hand it to those of {len(act.hub.anchoring.anchors)} anchors for which it is due"
        would(f"sign the log's head over {head.frontier.size} entries{anchored}")
        return
    note = act.hub.checkpoint()
    act.hub.anchoring.publish()
    if note is None:
        say("The log is empty: there is nothing to sign yet.")
        return
    typer.echo(note, nl=False)


@app.command()
def key(ctx: typer.Context) -> None:
    """Print the public key that checkpoints are verified with."""
    act = acting(ctx, Duty.ANYTHING)
    typer.echo(str(act.hub.verifier_key()))


@app.command("continue")
def continue_(
    ctx: typer.Context,
    *,
    after: Annotated[Path, typer.Option("--from", help="The last known checkpoint of the log that was restored.")],
    reason: Annotated[Reason, typer.Option("--reason", help="Why a new log begins.")],
    later: Annotated[
        list[Path] | None, typer.Option("--later", help="The last known checkpoint of a log begun after it; often.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Begin a new log after a restore: its first entry commits to the old log's last known checkpoint.

    What the old log held beyond the backup is lost, and every later verification says so. Where the same backup was put
    back before, logs that were begun since are lost, too: give the last known checkpoint of each with `--later`.
    """
    act = acting(ctx, Duty.CONTINUE_AUDIT)
    key, note, lost = act.hub.verifier_key(), note_from(after), [note_from(path) for path in later or []]
    if dry_run:
        with act.hub.reading() as session:
            coming = log_after(session, note, key, later=lost)
        would(f"begin the log {origin_of(key.name, coming.log)} with entry {coming.start}")
        return
    fields = AuditFields(reason=reason.value, role=act.principal.role)
    told = NewEntry(action=CONTINUED, at=act.hub.clock(), actor=act.principal.principal_id, fields=fields)
    with act.hub.unit_of_work() as session:
        begun = start_log_after(session, note, key, told=told, later=lost)
    say(f"Entries from {begun.start} on belong to the log {origin_of(key.name, begun.log)}.")


@app.command()
def rebuild(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Make the kept subtree roots again from the leaves, where `varde audit verify` says that they are damaged."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    if dry_run:
        with act.hub.reading() as session:
            logs = logs_of(session)
        would(f"make every subtree root again from {sum(map(len, logs.values()))} entries of {len(logs)} logs")
        return
    with act.hub.unit_of_work() as session:
        made = rebuild_nodes(session, logs_of(session))
    say(f"Made {made} subtree roots again. `varde audit verify` checks them.")


for _command in (reconcile, prove, receipt, export, verifier, anchors.anchor, anchors.anchors, anchors.accept_gap):
    app.command()(_command)
