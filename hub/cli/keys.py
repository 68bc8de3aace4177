"""`varde keys`: which keys there are and how old, rotate them while everything runs, destroy what nothing needs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.launch import Invocation
from hub.cli.message import say, warn, would
from hub.cli.moment import instant_from
from hub.cli.progress import counting_to
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.domains import find_domain
from hub.kek.provider import kek_of
from hub.keystore.matching import newest_key
from hub.keystore.suppression import suppression_index
from hub.rotation import destruction, domain, kek, matching, status, suppression
from hub.rotation.due import OldKey, old_keys
from hub.settings import KekSetting
from hub.views.intent import usable_after

app = typer.Typer(help="Keys: how old they are, rotating them, destroying old ones.", no_args_is_help=True)
_COLUMNS: Final = ("what", "name", "version", "state", "created", "age_days", "keys", "due", "note")
_OLD: Final = ("what", "name", "version", "due", "needed_for", "until")
KeepUntil = Annotated[
    str | None,
    typer.Option("--keep-until", help="Date before which the old key is not destroyed, because backups need it."),
]
To = Annotated[
    str | None, typer.Option("--to", help="Another key-encryption key, as in VARDE_KEK, to put generations under.")
]
Days = Annotated[
    int | None,
    typer.Option(
        "--days",
        min=0,
        max=domain.LONGEST_WINDOW.days,
        help="How long old pseudonyms lead back. Left out: as long as rows that left may be used, 30 days at least.",
    ),
]
_SHORTEST_DAYS: Final = 30
Purpose = Annotated[str, typer.Argument(help="The purpose whose pseudonyms change.")]


@app.command("status")
def status_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the keys: provider, generations, the hub's own; age, when due, what needs attention. Never a secret."""
    act = acting(ctx, Duty.SEE_KEYS)
    at, shown = act.hub.clock(), status.all_keys(act.hub)
    rows = [
        (one.what, one.name, one.version, one.state, one.since, one.age_days(at), one.keys, one.due, one.note)
        for one in shown
    ]
    show(Table(_COLUMNS, rows, "Keys"), form)
    for text in status.warnings(act.hub, shown):
        warn(text)


@app.command("rotate-kek")
def rotate_kek(ctx: typer.Context, *, to: To = None, keep_until: KeepUntil = None, dry_run: DryRun = False) -> None:
    """Move every data key to a new generation and destroy the old ones; or finish a rotation that broke off.

    Everything may go on meanwhile. With --to the generations move under another key-encryption key, and everything
    that runs must be started again with it within five minutes; then rotate once more. See docs/guides/keys.md.
    """
    act = acting(ctx, Duty.ROTATE_KEYS)
    if to is not None:
        if keep_until is not None:
            raise typer.BadParameter("--keep-until goes with a rotation, not with --to: nothing is destroyed by that")
        _moved(ctx, act, to, dry_run=dry_run)
        return
    until, count = _date(act, keep_until), kek.waiting(act.hub)
    if dry_run:
        what = "finish the rotation that broke off and" if kek.is_broken_off(act.hub) else "start a generation and"
        would(f"{what} move {count} keys")
        return
    with counting_to("moving keys", count) as watch:
        done = kek.rotate_kek(act.hub, act.principal, watch, keep_until=until)
    say(f"{'Finished a rotation that had broken off' if done.resumed else 'Rotated'}: {done.moved} keys moved.")
    _tell(done.retired)


@app.command("rotate-domain")
def rotate_domain(
    ctx: typer.Context, purpose: Purpose, *, days: Days = None, keep_until: KeepUntil = None, dry_run: DryRun = False
) -> None:
    """Give a purpose new pseudonyms from now on; old ones lead back for some days. Then `varde keys retire`."""
    act = acting(ctx, Duty.ROTATE_KEYS)
    name = act.hub.policy().purpose(purpose).domain
    days = _days_needed(act, purpose) if days is None else days
    window = domain.Window(led_back=timedelta(days=days), keep_until=_date(act, keep_until))
    _warn_of_rows_left_behind(act, purpose, window.led_back)
    if dry_run:
        with act.hub.reading() as session:
            found = find_domain(session, name)
        version = found.record.keys.current if found is not None else 1
        would(f"put version {version + 1} of the key of domain {name} in the place of version {version}, {days} days")
        return
    done = domain.rotate_domain(act.hub, name, act.principal, window)
    say(f"Domain {name}: releases use version {done.version} from now on.")
    say(f"Version {done.version - 1} leads back until {done.old_until:%Y-%m-%d %H:%M} UTC; then `varde keys retire`.")
    if done.needs_approval:
        warn(f"the domain is linked with others and closed until a DPO approves again: `varde domain approve {name}`.")


@app.command("rotate-suppression")
def rotate_suppression(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Make new entries of the suppression list under a new key; old entries are still found, and no key is destroyed.

    Back the key store up right afterwards: an older one does not know whom entries under the new key mean.
    """
    act = acting(ctx, Duty.ROTATE_KEYS)
    if dry_run:
        would(f"make version {suppression_index(act.hub.keystore).version + 1} of the suppression list's key")
        return
    version = suppression.rotate_suppression(act.hub, act.principal)
    say(f"Suppression list: new entries are under version {version} of its key; older entries are still found.")
    warn("back the key store up now: an older one does not know whom entries under this version mean.")


@app.command("rotate-matching")
def rotate_matching(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Make a new key of matching: new records are kept under both, until `varde match rebuild` moves everybody on."""
    act = acting(ctx, Duty.ROTATE_KEYS)
    if dry_run:
        would(f"make version {newest_key(act.hub.keystore) + 1} of matching's key")
        return
    version = matching.rotate_matching(act.hub, act.principal)
    say(f"Matching: new records are kept under version {version} of its key, too.")
    say("`varde match rebuild` moves people to it, with `--kind organisation` organisations.")
    say("Then `varde keys retire` destroys the old one.")


@app.command()
def retire(ctx: typer.Context, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE) -> None:
    """Show the old keys and what still needs each, and destroy those that nothing needs."""
    act = acting(ctx, Duty.RETIRE_KEYS)
    found = old_keys(act.hub)
    show(Table(_OLD, _rows(found), "Old keys"), form)
    if dry_run:
        would(f"destroy {sum(each.is_due for each in found)} of {len(found)} old keys")
        return
    _tell(destruction.destroy(act.hub, act.principal, found))


def _days_needed(act: Acting, purpose: str) -> int:
    """Return for how many days rows of a purpose that left before may still be used, within the bounds of a window."""
    at = act.hub.clock()
    with act.hub.reading() as session:
        _, last = usable_after(session, purpose, at)
    needed = 0 if last is None else -((at - last) // timedelta(days=1))  # begun days count whole
    return min(max(_SHORTEST_DAYS, needed), domain.LONGEST_WINDOW.days)


def _warn_of_rows_left_behind(act: Acting, purpose: str, window: timedelta) -> None:
    with act.hub.reading() as session:
        count, last = usable_after(session, purpose, act.hub.clock() + window)
    if last is not None:
        warn(
            f"rows of {count} releases may be used until {last:%Y-%m-%d}, longer than their pseudonyms lead back: "
            "scores and reveals of them will then lead to nobody."
        )


def _moved(ctx: typer.Context, act: Acting, to: str, *, dry_run: bool) -> None:
    invocation = Invocation.of(ctx)
    old, new = kek_of(act.hub.settings.kek), kek_of(KekSetting.of(to, invocation.environment))
    if dry_run:
        would(f"put the key generations under {new.kek_id}")
        return
    with counting_to("moving keys", 0) as watch:
        done = kek.move_kek(act.hub, act.principal, kek.Move(old, new), watch)
    say(f"{done.generations} generations are under {done.kek_id} now.")
    say("Within five minutes: set VARDE_KEK to it and start again whatever runs. Then run `varde keys rotate-kek`,")
    say("so that the key-encryption key before opens nothing. Keep that one while backups need it.")


def _tell(done: destruction.Retired) -> None:
    for each in done.destroyed:
        say(f"Destroyed: {_named(each)}.")
    for each in done.needed:
        until = "" if each.until is None else f" until {each.until:%Y-%m-%d %H:%M} UTC"
        say(f"Kept: {_named(each)} ({', '.join(each.needs) or 'kept for backups meanwhile'}{until}).")
    if not done.journal_empty:
        warn("a long read keeps old pages of the key database; run `varde keys retire` again when it has ended.")


def _rows(found: Sequence[OldKey]) -> list[tuple[object, ...]]:
    return [(each.kind, each.name, each.version, each.is_due, list(each.needs), each.until) for each in found]


def _named(each: OldKey) -> str:
    return f"{each.kind} {each.name}" + ("" if each.version is None else f" version {each.version}")


def _date(act: Acting, text: str | None) -> datetime | None:
    """Read a date in the future."""
    if text is None:
        return None
    until = instant_from(text)
    if until <= act.hub.clock():
        raise typer.BadParameter("--keep-until must lie in the future")
    return until
