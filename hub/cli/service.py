"""`varde service`: cases to come by day and topic, seats that fill up, visits to machines; nothing of it is kept."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.cli.table import Format
from hub.predictions import outlook
from hub.predictions.outlook import Outlook
from hub.requests.seat import seat_of
from hub.views.intent import Reader
from privacy.uses import Use

app = typer.Typer(help="Service ahead: support load, seats that fill up, visits to machines.", no_args_is_help=True)
_YEARS: Final = range(-4, 2)


@app.command("load")
def load_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=92, help="How many days ahead.")] = 28,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Foretell support cases by day and topic, with intervals that hold nine days in ten."""
    act = _acting(ctx, out, use)
    if dry_run:
        would(f"read {outlook.CASES}, audited, and foretell cases of {days} days")
        return
    found = outlook.load(act.hub, Reader(principal=act.principal, use=use), ahead=days, holidays=_off(act))
    _give(found, found.rows.with_columns(pl.col("expected").round(1)), out, form)
    _tell_load(found.told, days)


@app.command("limits")
def limits_(
    ctx: typer.Context,
    *,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Tell on which day each customer's seats are full, between which days, or why no day can be told."""
    act = _acting(ctx, out, use)
    if dry_run:
        would(f"read {outlook.SEATS}, audited, and tell when seats are full")
        return
    found = outlook.limits(act.hub, Reader(principal=act.principal, use=use))
    _give(found, found.rows, out, form)
    by_reason = found.told["by_reason"]
    say(f"A day can be told for {counted(by_reason.pop('dated', 0), 'customer', 'customers')}.")
    for reason, count in by_reason.items():
        say(f"{counted(count, 'customer', 'customers')}: {_WITHOUT[reason]}")


@app.command("visits")
def visits_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    machines: Annotated[bool, typer.Option("--machines", help="Each machine by itself, not visits.")] = False,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Plan visits to machines that are due within 90 days: as few as can be, in the service windows of each owner."""
    act = _acting(ctx, out, use)
    if dry_run:
        would("read the view of the current maintenance model, audited, and plan visits")
        return
    found = outlook.visits(act.hub, Reader(principal=act.principal, use=use), holidays=_off(act))
    rows = found.rows if not machines or found.machines is None else found.machines
    _give(found, rows, out, form)
    told = found.told
    say(
        f"{told['due']} of {counted(told['machines'], 'machine', 'machines')} are due: "
        f"{counted(told['visits'], 'visit', 'visits')}, {told['of_one_machine']} of them to one machine."
    )
    say("A plan is a suggestion to a person.")


_WITHOUT: Final = {
    "reached": "the seats are full already",
    "too_few": "fewer than three counts over two months under the present limit",
    "not_growing": "it cannot be told that seats grow",
    "too_unsure": "the interval reaches further than a year",
    "passed": "by its pace full already; the last count is too old to tell",
    "too_far": "further ahead than the counts reach back",
}


def _acting(ctx: typer.Context, out: Path | None, use: Use | None) -> Acting:
    verify_out(out, use)
    return acting(ctx, Duty.TRAIN)


def _off(act: Acting) -> frozenset[Any]:
    """Return public holidays at the controller's seat, of the years of the records and of those to come."""
    seat = seat_of(act.hub.settings.country)
    year = (seat.today(act.hub.clock()) + timedelta(days=1)).year
    return seat.holidays([year + each for each in _YEARS])


def _give(found: Outlook, rows: pl.DataFrame, out: Path | None, form: Format | None) -> None:
    give_rows(rows, found.released, out, form)
    if found.released.prohibited_uses:
        say(f"Never to be used for: {', '.join(found.released.prohibited_uses)}.")


def _tell_load(told: dict[str, Any], days: int) -> None:
    covered = told["covered"]
    say(f"{told['expected']:.0f} cases within {days} days, by {told['way']}: {told['why']}.")
    say(
        f"On past weeks that it had not seen its error was {told['mase']:.2f} of the step from week to week, that of "
        f"the same weekday a week before {told['naive_mase']:.2f} (MASE); intervals held {covered['figure']:.0%} of "
        f"{covered['of']:g} days."
    )
    if told["mase"] >= told["naive_mase"]:
        warn("no better than the same weekday a week before: plan by that.")
    if not told["season_seen"]:
        warn(f"{told['days']} days of cases: less than a year, so no season is in it.")
