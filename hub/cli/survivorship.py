"""`varde survivorship`: by which rules one of several values stands in a customer's golden record."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.compose import Hub
from hub.survivorship import put_rules_in_force, read_rules, rules_in_force, unknown_sources
from ingest.survivorship.rules import Rules, rules_of, shipped_text

app = typer.Typer(help="Which value stands where sources of one customer differ.", no_args_is_help=True)
_COLUMNS: Final = ("of", "rule", "attributes", "by", "sources", "missing")


@app.command()
def default() -> None:
    """Print the rules that are shipped, to write one's own from; needs no home."""
    typer.echo(shipped_text(), nl=False)


@app.command("show")
def show_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Show the rules in force: what stands together, and the criteria in the order in which they are asked."""
    act = acting(ctx, Duty.ANYTHING)
    rules = rules_in_force(act.hub)
    rows = [
        (kind, rule.name, list(rule.attributes), list(rule.by), list(rule.sources), rule.missing)
        for kind, found in rules.of_kind.items()
        for rule in found
    ]
    show(Table(_COLUMNS, rows, f"Survivorship rules, version {rules.version}"), form)


@app.command()
def apply(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="Rules in YAML: `varde survivorship default` prints some.")
    ],
    *,
    dry_run: DryRun = False,
) -> None:
    """Put rules in force: from the next golden record on they hold. Every version is kept. Audited."""
    act = acting(ctx, Duty.CHANGE_POLICY)
    document = read_rules(path)
    if dry_run:
        rules = rules_of(document)
        _warn_of_strangers(act.hub, rules)
        would(f"put version {rules.version} in force, if it is above version {rules_in_force(act.hub).version}")
        return
    applied = put_rules_in_force(act.hub, document, act.principal)
    if applied is None:
        say("These rules are in force already; nothing was changed.")
        return
    _warn_of_strangers(act.hub, applied)
    say(f"Version {applied.version} of the rules is in force.")


def _warn_of_strangers(hub: Hub, rules: Rules) -> None:
    strangers = unknown_sources(hub, rules)
    if strangers:
        warn(f"nothing was ever taken in from {', '.join(strangers)}: `varde batch list` shows how sources are called.")
