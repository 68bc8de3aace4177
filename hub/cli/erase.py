"""`varde erase`: destroy what is known of people, everywhere; prove that nothing is left; show the certificate."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from hub import logs
from hub.cli.duty import Duty
from hub.cli.erasure_plan import certificate_table, plan_table
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.erasing import erase as carry_out
from hub.erasing import erase_many, plan, roll_forward
from hub.erasure.absence import verify_absence
from hub.erasure.certificate import told_by
from hub.erasure.naming import subjects_of
from hub.errors import ErasureNotFound
from hub.exit_code import ExitCode
from privacy.store.erasure import find_certificate

_LOG = logs.log_of("erasing")
_PERSON: Final = "person"
_COLUMNS: Final = ("erasure", "records", "keys_destroyed", "rows_deleted", "rows_blanked", "lake_files_replaced")
People = Annotated[
    Path | None, typer.Option("--file", help="Erase everybody whom this file names, one identifier a line.")
]
Finish = Annotated[bool, typer.Option("--finish", help="Finish the erasures that broke off; names nobody.")]
Readable = Annotated[bool, typer.Option("--readable", help="As a table for people; its signature is checked.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")]


class _PersonFirst(TyperGroup):
    """Take `varde erase IDENTIFIER` as `varde erase person IDENTIFIER`: it is what is meant nearly always."""

    otherwise = _PERSON

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own context class is private
        """Fill in what was left out."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = [self.otherwise, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_PersonFirst, help="Erase people (Article 17): `varde erase IDENTIFIER`.", no_args_is_help=True)


@app.command()
def person(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    identifier: Identifier = "",
    *,
    people: People = None,
    finish: Finish = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Erase a person (Article 17): keys destroyed, rows removed, files rewritten and purged. Cannot be undone."""
    if [finish, bool(identifier), people is not None].count(True) != 1:
        raise typer.BadParameter("give an IDENTIFIER, or --file alone, or --finish alone")
    act = acting(ctx, Duty.ANYTHING)
    if finish:
        say(f"Finished open erasures: {roll_forward(act.hub, act.principal.principal_id)}.")
    elif people is not None:
        _erase_file(act, people, form, rehearsal=dry_run, agreed=yes)
    else:
        _erase_one(act, identifier, form, rehearsal=dry_run, agreed=yes)


@app.command()
def verify(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="SUBJECT_REF", help="Record or erasure id in hex.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove that nothing is left: no key, no row in any table, nothing in the lake. Looks everywhere; may take long."""
    found = verify_absence(acting(ctx, Duty.VERIFY_AUDIT).hub, reference)
    rows: list[tuple[object, ...]] = [("key store", 0, "no key"), ("lake", 0, f"none of {found.lake_rows} rows")]
    rows.append(("control database", 0, f"none in {found.columns} columns of {found.tables} tables"))
    rows += [(name, count, "random ids only, kept on a stated ground") for name, count in sorted(found.kept.items())]
    show(Table(("where", "found", "meaning"), rows, f"Absence of {counted(found.records, 'record', 'records')}"), form)
    say("Nothing is left by which anybody could be read.")


@app.command()
def certificate(
    ctx: typer.Context,
    erasure: Annotated[str, typer.Argument(metavar="ERASURE", help="The erasure's id in hex.")],
    *,
    readable: Readable = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Print the signed certificate of an erasure: tables, fields, counts, recipients, and when it is final."""
    hub = acting(ctx, Duty.VERIFY_AUDIT).hub
    with hub.reading() as session:
        note = find_certificate(session, _id_of(erasure))
    if note is None:
        raise ErasureNotFound
    if readable:
        show(certificate_table(told_by(note, hub.verifier_key())), form)
    else:
        typer.echo(note, nl=False)


def _erase_one(act: Acting, identifier: str, form: Format, *, rehearsal: bool, agreed: bool) -> None:
    subject = one_subject_from(act.hub, identifier)
    planned = plan(act.hub, subject, act.principal)
    if rehearsal or not agreed:
        show(plan_table(planned), form)
    if planned.held:
        warn("a legal hold stands: the person is not erased, and can be restricted until it ends.")
    if rehearsal:
        would(
            f"destroy every key of {counted(planned.records, 'record', 'records')}, "
            f"remove their rows and purge the files that held them"
        )
        return
    if not agreed:
        _ask("Erase this person? It cannot be undone")
    done = carry_out(act.hub, subject, act.principal)
    _LOG.info(logs.LogEvent.SUBJECT_ERASED, extra={"records": done.records, "rows": done.rows_deleted})
    figures = (done.records, sum(done.keys.values()), done.rows_deleted, done.rows_blanked, done.lake_files_replaced)
    show(Table(_COLUMNS, [(done.erasure_id, *figures)], "Erased"), form)
    say("Erased: nobody can read the person any more, and what is left of the keys is nothing.")


def _erase_file(act: Acting, path: Path, form: Format, *, rehearsal: bool, agreed: bool) -> None:
    named = subjects_of(act.hub, _lines_of(path))
    subjects = named.subjects
    unknown = counted(named.unknown, "identifier", "identifiers")
    found = counted(len(subjects), "person", "people")
    say(f"{found} found; {unknown} nobody carries, {named.shared} shared by several.")
    if rehearsal:
        would(f"erase {found} together, with one rewrite of the lake")
        return
    if not agreed:
        _ask(f"Erase {found}? It cannot be undone")
    done = erase_many(act.hub, subjects, act.principal)
    rows: list[tuple[object, ...]] = [
        (each.erasure_id, each.records, sum(each.keys.values()), *_lake(each)) for each in done.certificates
    ]
    show(
        Table(
            _COLUMNS,
            rows,
            f"Erased {counted(done.people, 'person', 'people')}; the lake's figures are those of all together",
        ),
        form,
    )
    if done.held:
        warn(f"{counted(done.held, 'person is', 'people are')} under a legal hold: not erased.")
    if named.shared or named.unknown or done.held:
        raise typer.Exit(ExitCode.REJECTS)


def _lake(done: Any) -> tuple[int, int, int]:  # noqa: ANN401 - a certificate
    return done.rows_deleted, done.rows_blanked, done.lake_files_replaced


def _lines_of(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter("the file cannot be read as UTF-8 text") from None
    return [line.strip() for line in lines if line.strip()]


def _id_of(word: str) -> bytes:
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise ErasureNotFound from None


def _ask(question: str) -> None:
    """Let a person at a terminal think again; a script has to say `--yes`."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to be asked: add --yes if the person is to be erased")
    if not typer.confirm(question, err=True):
        raise typer.Exit(ExitCode.USAGE)
