"""`varde batch`: what was delivered, and how its figures move from delivery to delivery."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.table import Format, FormatOption, Table, show
from ingest.store.batch import metrics_of, visible_batches
from ingest.store.delivered import StoredBatch
from privacy.terms import BatchId

app = typer.Typer(help="Deliveries and their quality.", no_args_is_help=True)
_BARS: Final = "▁▂▃▄▅▆▇█"
_TREND: Final = 12  # deliveries in a trend: a year of monthly ones


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    contract: Annotated[str | None, typer.Option("--contract", help="Only deliveries of this contract.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the deliveries that count, newest first."""
    figures = ("read", "accepted", "quarantined", "duplicate", "suppressed", "retry_of")
    columns = ("batch", "contract", "table", "state", "started_at", *figures)
    show(Table(columns, [_row(each) for each in _batches(ctx, contract)], "Deliveries"), form)


@app.command("show")
def show_(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="A batch id (or its beginning), or a contract's name for its newest.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the figures of a delivery beside those of the deliveries before it."""
    counted = _batches(ctx, None)
    chosen = next((each for each in counted if _is_named(each, batch)), None)
    if chosen is None:
        raise typer.BadParameter("there is no such delivery; `varde batch list` shows them")
    before = [each for each in counted if _is_before(each, chosen)]
    columns = ("metric", "column", "value", "before", "trend", "below_promise")
    rows = _figures(ctx, [BatchId(each.batch_id) for each in [chosen, *before][:_TREND]])
    show(Table(columns, rows, f"{chosen.contract}, {chosen.started_at:%Y-%m-%d %H:%M}"), form)


def _is_named(batch: StoredBatch, name: str) -> bool:
    """Say whether a delivery goes by a name; a contract's name means its newest delivery, never a retry."""
    return (batch.contract == name and batch.retry_of is None) or batch.batch_id.hex().startswith(name)


def _is_before(batch: StoredBatch, chosen: StoredBatch) -> bool:
    """Say whether a delivery belongs into the trend before the chosen one; rows tried again are no delivery."""
    comes_before = (batch.started_at, batch.batch_id) < (chosen.started_at, chosen.batch_id)
    return batch.contract == chosen.contract and batch.retry_of is None and comes_before


def _batches(ctx: typer.Context, contract: str | None) -> list[StoredBatch]:
    act = acting(ctx, Duty.SEE_BATCHES)
    with act.hub.reading() as session:
        return [each for each in visible_batches(session) if contract is None or each.contract == contract]


def _row(batch: StoredBatch) -> tuple[object, ...]:
    counts = (batch.rows_read, batch.rows_accepted, batch.rows_quarantined, batch.rows_duplicate, batch.rows_suppressed)
    where = (batch.batch_id, batch.contract, batch.canonical_table, batch.state, batch.started_at)
    return (*where, *counts, batch.retry_of)


def _figures(ctx: typer.Context, newest_first: Sequence[BatchId]) -> list[tuple[object, ...]]:
    """Put each figure of the newest delivery beside the same figure of the earlier ones."""
    act = acting(ctx, Duty.SEE_BATCHES)
    with act.hub.reading() as session:
        history = [{(m.metric, m.column_name): m for m in metrics_of(session, each)} for each in newest_first]
    rows: list[tuple[object, ...]] = []
    for name, figure in sorted(history[0].items()):
        values = [earlier[name].value for earlier in reversed(history) if name in earlier]
        before = values[-2] if len(values) > 1 else None
        rows.append((*name, figure.value, before, _sparkline(values), figure.breached))
    return rows


def _sparkline(values: Sequence[float]) -> str:
    """Draw values as bars, oldest first; shares against 1, other figures against their greatest."""
    top = max(1.0, *values)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] for value in values)
