"""`varde backup` and `varde restore`: a copy of everything but the key that opens it, and the way back."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.backup.restoring import Work, examine_backup, finish
from hub.backup.restoring import restore as bring_back
from hub.backup.saving import Places, save
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.launch import Invocation
from hub.cli.message import say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show

Folder = Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of the backup; a new one for each.")]
Keys = Annotated[Path | None, typer.Option("--keystore", help="Folder of the keys' copy: another disk than DIR.")]
Generations = Annotated[
    Path | None,
    typer.Option("--generations", help="Folder of the key generations: apart from both, always the same one."),
]


_LOST: Final = (
    "the ledger does not have corrections, subject requests, legal holds, wishes for contact (channel, hours, number "
    "of messages) and what was permitted: those made since {since} are lost. Enter them again before "
    "`varde retention run`, and before anybody is written to."
)


def backup(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    folder: Folder = None,
    *,
    keystore: Keys = None,
    generations: Generations = None,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Save control database, lake, models and settings to DIR; the keys to a folder apart. Never the KEK."""
    if folder is None and keystore is None:
        raise typer.BadParameter("give DIR, --keystore with --generations, or all three")
    hub = acting(ctx, Duty.BACK_UP).hub
    places = Places(home=folder, keystore=keystore, generations=generations)
    if dry_run:
        would("save " + " and ".join(_parts(places)))
        return
    done = save(hub, places)
    columns = ("backup", "lake_files", "size_bytes", "keys")
    show(Table(columns, [(done.backup, done.lake_files, done.size_bytes, done.keys)], "Saved"), form)
    if not done.keys:
        warn("without its keys nothing in this backup opens: save them with --keystore, to a place of their own.")
    say("Keep the key-encryption key and owner.token by themselves: neither is in any backup.")


def restore(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    folder: Folder = None,
    *,
    keystore: Keys = None,
    generations: Generations = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Databases were put back by hand: replay over them.")
    ] = False,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Bring a backup back, then replay every erasure and objection since. The account that owns the home does it."""
    if replay == (folder is not None):
        raise typer.BadParameter("give the DIR of a backup, or --replay alone")
    invocation = Invocation.of(ctx)
    settings = invocation.settings()
    places = Places(home=folder, keystore=keystore, generations=generations)
    if folder is not None:
        home, keys = examine_backup(settings, places)
        say(f"The backup of {home.made_at} is whole: {len(home.files)} files" + (" and its keys." if keys else "."))
    if dry_run:
        warn(_LOST.format(since="the backup"))
        would("replay the ledger" if replay else "restore " + " and ".join(_parts(places)) + ", and replay the ledger")
        return
    work = Work(clock=invocation.clock)
    done = finish(settings, work) if replay else bring_back(settings, places, work)
    columns = (
        *("acts_replayed", "records_erased_again", "keys_destroyed_again", "erasures_finished"),
        *("credentials_revoked_again", "views_closed_again"),
    )
    row = (done.acts, done.records_erased, done.keys_destroyed, done.erasures_finished, done.credentials, done.views)
    show(Table(columns, [row], "Replayed"), form)
    since = "the backup" if done.known_until is None else f"{done.known_until:%Y-%m-%d %H:%M:%S} UTC"
    say("The home is open again. Deliveries since the backup must be taken in again.")
    say("Replayed: erasures, suppressions, every withdrawal, objection and restriction, and what was revoked.")
    warn(_LOST.format(since=since))
    if done.policies:
        warn("a policy that was applied since the backup is lost: apply it again, then have the views approved again.")
    if settings.ledger_copy is None:
        warn("no copy of the ledger lies outside (VARDE_LEDGER_COPY): what only a lost key store knew is forgotten.")


def _parts(places: Places) -> list[str]:
    named = (("the home", places.home), ("its keys", places.keystore))
    return [name for name, place in named if place is not None]
