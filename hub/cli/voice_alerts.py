"""`varde voice alerts`: messages that ask for somebody at once, a threat to leave, danger or law."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from hub.alerts import desk, rules, watch
from hub.alerts.desk import STANDING, Board
from hub.alerts.raising import VIEW
from hub.alerts.store import AlertState, Closing
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show

alerts_app = typer.Typer(help="Messages that ask for somebody at once.", no_args_is_help=True)
AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="The beginning of its id: `varde voice alerts list`.")]
_COLUMNS: Final = ("alert", "kinds", "words", "customer", "whose", "state", "arrived", "minutes", "due", "outcome")


@alerts_app.command("look")
def look_(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Look through what came in since the last look, and tell who is due; `varde serve` does so every minute."""
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {VIEW}, audited: the messages that came in since the last look, and raise alerts")
        return
    found = watch.go_round(act.hub, act.principal)
    alerts = counted(found.raised, "new alert", "new alerts")
    say(f"Read {counted(found.messages, 'message', 'messages')}; {alerts}.")


@alerts_app.command("list")
def list_(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were closed in the last 30 days.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List alerts, the first due first, of whom the purpose may read now; told to the log before."""
    act = acting(ctx, Duty.ANYTHING)
    board = desk.listed(act.hub, act.principal, states=AlertState if everything else STANDING)
    rows = [
        (
            one.alert_id.hex()[:12],
            " ".join(one.said.kinds),
            ", ".join(one.said.words),
            one.pseudonym.hex(),
            f"{one.whose}{' (escalated)' if one.escalated else ''}",
            one.state.value,
            f"{one.arrived_at:%Y-%m-%d %H:%M}",
            f"{_minutes(one.latency):.1f}",
            f"{one.due_at:%Y-%m-%d %H:%M}",
            one.outcome or "",
        )
        for one in board.alerts
    ]
    show(Table(_COLUMNS, rows), form)
    _say(board)
    if board.silent is not None:
        warn(f"nobody watches, no message raises an alert ({board.silent}).")


@alerts_app.command("acknowledge")
def acknowledge_(ctx: typer.Context, alert: AlertId, *, dry_run: DryRun = False) -> None:
    """Say that you have seen an alert and answer: it escalates no more."""
    act = acting(ctx, Duty.ANYTHING)
    desk.verify_may_see(act.hub, act.principal)
    found = desk.find_named(act.hub, alert)
    if dry_run:
        would("acknowledge one alert")
        return
    desk.acknowledge(act.hub, act.principal, found)
    say("Acknowledged.")


@alerts_app.command("close")
def close_(
    ctx: typer.Context,
    alert: AlertId,
    outcome: Annotated[Closing, typer.Argument(help="How it ended; false alarms are counted.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Close an alert, saying how it ended."""
    act = acting(ctx, Duty.ANYTHING)
    desk.verify_may_see(act.hub, act.principal)
    found = desk.find_named(act.hub, alert)
    if dry_run:
        would(f"close one alert as {outcome.value}")
        return
    desk.close(act.hub, act.principal, found, outcome)
    say("Closed.")


@alerts_app.command("rules")
def rules_() -> None:
    """Print who answers which alert by when, to save as alerts.yaml in the home and edit."""
    typer.echo(rules.shipped_text(), nl=False)


def _say(board: Board) -> None:
    """Tell how fast alerts came, and how many were false."""
    fast = board.latency
    if fast.median is not None and fast.longest is not None:
        took = f"median {_minutes(fast.median):.1f} minutes, longest {_minutes(fast.longest):.1f}"
        say(f"{counted(fast.alerts, 'alert', 'alerts')} in 30 days: {took}; {fast.late} later than 15 minutes.")
    ended = sum(board.outcomes.values())
    if ended:
        say(f"Of {ended} that were closed {board.outcomes[Closing.FALSE_ALARM.value]} were false alarms.")


def _minutes(span: timedelta) -> float:
    return span / timedelta(minutes=1)
