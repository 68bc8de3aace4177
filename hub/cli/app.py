"""The command `varde`: Typer's own tracebacks and locals switched off; the commands are those of `hub.cli.commands`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.edge import Edge
from hub.cli.launch import Invocation

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the hub; else VARDE_HOME or ./varde-home."),
]


def make_app() -> typer.Typer:
    """Build the application; it must be started with an `Invocation` as its context object."""
    return typer.Typer(
        cls=Edge,
        callback=_home,
        name="varde",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )


def _home(ctx: typer.Context, *, home: Home = None) -> None:
    """Varde: customers merged, sealed, pseudonymised, used with consent, audited.

    Who acts is the holder of VARDE_TOKEN, or the account that owns the home. Exit codes: 0 done, 1 unexpected, 2 usage
    or configuration, 3 done with refused rows, 4 refused by policy, 5 a service or storage does not answer.
    """
    if home is not None:
        ctx.obj = replace(Invocation.of(ctx), home=home)
