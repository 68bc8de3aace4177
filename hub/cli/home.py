"""`varde init`, `migrate`, `doctor` and `version`: the home itself, before any principal can act in it."""

import platform
from importlib.metadata import PackageNotFoundError, version

import polars as pl
import typer
from sqlalchemy import Engine

from hub.cli.launch import Invocation
from hub.cli.message import counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.database.engine import engine_of, sqlite_path
from hub.database.revision import Target, current_revision, newest_revision
from hub.database.schema import upgrade
from hub.doctor import examine
from hub.errors import HomeUnsafe
from hub.exit_code import ExitCode
from hub.finding import State
from hub.home import make_home
from hub.settings import Settings


def init(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Make a home: key file, databases, keys, default policy and your own credential. Doing it again is safe."""
    invocation = Invocation.of(ctx)
    settings = invocation.settings()
    if dry_run:
        would("; ".join(_missing(settings)) or "find everything in place")
        return
    made = make_home(settings, clock=invocation.clock)
    if not made.created:
        say(f"The home {made.home} was there already; everything in it is in place.")
        return
    say(f"Made a home in {made.home}. Only your account can enter it.")
    say(f"Your own credential is in {made.token_file.name}; commands find it there.")
    if settings.kek_file is not None and settings.kek_file.is_relative_to(settings.home):
        warn("the key file lies in the home. Before real data comes in, move it elsewhere and set VARDE_KEK.")
    say("Next: `varde doctor` examines the home, `varde demo` shows everything on invented customers.")


def migrate(ctx: typer.Context, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE) -> None:
    """Bring both databases to the schema of this version; does nothing where they have it."""
    settings = Invocation.of(ctx).settings()
    rows: list[tuple[object, ...]] = []
    for target, url in _databases(settings):
        engine = engine_of(url)
        before = _revision(engine)
        if before is None and not dry_run:
            raise HomeUnsafe(f"the {target} database", "there is none yet", "Run `varde init`")
        if not dry_run:
            upgrade(engine, target)
        rows.append((target, before, newest_revision(target)))
    show(Table(("database", "before", "after"), rows, "Schemas"), form)
    if dry_run:
        would("bring each database from `before` to `after`")


def doctor(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Examine keys, schemas, disk, fsync, clock and permissions, and say how to mend what is wrong."""
    invocation = Invocation.of(ctx)
    findings = examine(invocation.settings(), clock=invocation.clock)
    rows = [(each.check, each.state.value, each.found, each.remedy) for each in findings]
    show(Table(("check", "state", "found", "remedy"), rows, "Examination"), form)
    faults = sum(each.state is State.FAULT for each in findings)
    warnings = sum(each.state is State.WARNING for each in findings)
    say(
        f"{counted(faults, 'fault', 'faults')}, "
        f"{counted(warnings, 'warning', 'warnings')}, {len(findings) - faults - warnings} in order."
    )
    if faults:
        raise typer.Exit(ExitCode.USAGE)


def show_version(*, form: FormatOption = Format.TABLE) -> None:
    """Print the versions of Varde and of what it stands on."""
    rows = [("varde", _installed()), ("python", platform.python_version()), ("polars", pl.__version__)]
    show(Table(("what", "version"), rows), form)


def _installed() -> str:
    try:
        return version("varde")
    except PackageNotFoundError:
        return "from source, not installed"


def _databases(settings: Settings) -> list[tuple[Target, str]]:
    return [("control", settings.database_url), ("keystore", settings.keystore_url)]


def _missing(settings: Settings) -> list[str]:
    """Say what `init` would make or change."""
    steps = [f"make the folder {settings.home}"] if not settings.home.is_dir() else []
    if settings.kek_file is not None and not settings.kek_file.exists():
        steps.append("draw a new key-encryption key")
    for target, url in _databases(settings):
        before, newest = _revision(engine_of(url)), newest_revision(target)
        if before != newest:
            steps.append(f"bring the {target} database from {before or 'nothing'} to {newest}")
    if not settings.owner_token_file.exists():
        steps.append("add the owner's principal unless there are principals already")
    return steps


def _revision(engine: Engine) -> str | None:
    path = sqlite_path(engine)
    if path is not None and not path.exists():
        return None  # connecting would create it
    return current_revision(engine)
