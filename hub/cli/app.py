"""The command `varde`: every noun put together, Typer's own tracebacks and locals switched off."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import (
    audit,
    batch,
    consent,
    contact,
    domain,
    erase,
    hold,
    keys,
    lake,
    match,
    notice,
    outbox,
    policy,
    predict,
    principal,
    quarantine,
    receipt,
    recipient,
    request_decision,
    retention,
    reveal,
    source,
    subject_token,
    suppression,
    view,
    witness,
)
from hub.cli.backup import backup, restore
from hub.cli.demo import demo
from hub.cli.edge import Edge
from hub.cli.home import doctor, init, migrate, show_version
from hub.cli.ingest import ingest
from hub.cli.invocation import Invocation
from hub.cli.serve import serve

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the hub; else VARDE_HOME or ./varde-home."),
]


def make_app() -> typer.Typer:
    """Build the application; it must be started with an `Invocation` as its context object."""
    app = typer.Typer(
        cls=Edge,
        callback=_home,
        name="varde",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )
    for command in (demo, init, migrate, doctor, ingest, backup, restore, serve):
        app.command()(command)
    app.command("version")(show_version)
    for noun in (
        *(erase, source, quarantine, consent, contact, suppression, principal, policy, domain, keys, view),
        *(predict, reveal, audit, lake, match, batch, outbox, recipient, receipt, retention, hold, witness, notice),
    ):
        app.add_typer(noun.app, name=noun.__name__.rpartition(".")[2])
    app.add_typer(subject_token.app, name="subject")
    app.add_typer(request_decision.app, name="request")
    return app


def _home(ctx: typer.Context, *, home: Home = None) -> None:
    """Varde: customers merged, sealed, pseudonymised, used with consent, audited.

    Who acts is the holder of VARDE_TOKEN, or the account that owns the home. Exit codes: 0 done, 1 unexpected, 2 usage
    or configuration, 3 done with refused rows, 4 refused by policy, 5 a service or storage does not answer.
    """
    if home is not None:
        ctx.obj = replace(Invocation.of(ctx), home=home)
