"""`varde view check`: what a view would release, measured on real data before a DPO approves it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Final

import typer

from hub.cli.drawing import PictureOption, draw
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.moment import instant_from
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.inspection.cells import CellFigures
from hub.inspection.check import Checked, last_check
from hub.inspection.check import check as check_view
from hub.inspection.figures import Figures, Plan
from hub.inspection.lineage import unheard

Name = Annotated[str, typer.Argument(help="The view's name.")]
Row = tuple[str, object, str]
_FEW: Final = "few"
_RULES: Final = {
    "too_few": "cells of fewer customers than k",
    "too_few_staff": "cells behind which too few employees stand",
    "dominance": "cells in which one customer could tell another's amount",
    "complementary": "cells that the others could be computed from",
}
_COLUMNS: Final = ("what", "figure", "meaning")


def check(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    name: Name,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of its grid; left out, the newest.")] = None,
    last: Annotated[
        bool, typer.Option("--last", help="Show the newest check that still holds; measure nothing.")
    ] = False,
    picture: PictureOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Measure on real data what a submitted view would release: who is lost, how small groups are. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    if last:
        found = last_check(act.hub, name, act.principal)
        if found is None:
            raise typer.BadParameter("no check under the present rules; run it without --last")
    else:
        instant = None if as_of is None else instant_from(as_of)
        found = check_view(act.hub, name, act.principal, as_of=instant)
    if picture is not None:
        threads = found.figures.lineage
        draw(picture, lambda room: str(room.lineage_picture(threads, name)), pictures="hub.cli.picture_lineage")
    _tell(found, form)


def summary_of(figures: Figures) -> str:
    """Say in one sentence what an approver has to know first."""
    if figures.cells is not None:
        if figures.cells.released is None:
            return f"{figures.cells.cells} cells; how many would leave is told to the DPO and the owner."
        hidden = sum(figures.cells.withheld.values())
        return f"{figures.rows} cells of {figures.customers} customers leave, {hidden} are withheld."
    quasi = ", ".join(figures.quasi_identifiers)
    groups = f", {_count(figures.groups.rows_below_k)} in groups below {figures.k} by {quasi}" if quasi else ""
    alone = f"{_count(figures.unique)} unlike any other, all columns together"
    return f"{figures.rows} rows of {figures.customers} customers{groups}; {alone}."


def _tell(found: Checked, form: Format) -> None:
    figures = found.figures
    if form is Format.JSON:
        told = {"check": found.check_id, "as_of": found.as_of, "checked_at": found.checked_at, "hash": found.spec_hash}
        show_json({**told, **asdict(figures)})
        return
    title = f"Check of {figures.view} v{figures.version} as of {found.as_of:%Y-%m-%d}"
    show(Table(_COLUMNS, [*_scope(figures), *_privacy(figures), *_use(figures)], title), form)
    say(f"{summary_of(figures)} Kept as {found.check_id.hex()[:16]} for spec {found.spec_hash.hex()[:16]}.")


def _scope(figures: Figures) -> Iterator[Row]:
    yield "customers", figures.customers, "everybody of the view's grain"
    for rule, count in sorted(figures.lost.items(), key=lambda item: (-item[1], item[0])):
        yield f"lost: {rule}", count, "customers in no row by this rule"
    if figures.cells is not None and figures.cells.released is None:
        return
    what = "what a read would release" if figures.cells is None else "cells whose figures a read would release"
    yield "rows", figures.rows, what


def _cells(cells: CellFigures, k: int) -> Iterator[Row]:
    if cells.released is None:
        yield "cells", cells.cells, "totals included; what was measured of them is for the DPO and the owner"
        return
    yield "cells", cells.cells, f"totals included; {cells.empty} are of nobody"
    for rule, count in cells.withheld.items():
        yield f"withheld: {rule}", count, _RULES.get(rule, "cells; by which rule is for the DPO")
    yield "smallest cell", _count(cells.smallest), f"customers; k is {k}"
    yield "least staff", _count(cells.least_staff), "employees behind a cell that leaves, where they are counted"
    yield (
        "cells that moved by few",
        _count(cells.moved_by_few),
        f"by fewer than {k} customers between two reads: see both",
    )
    if cells.epsilon_budget is not None:
        yield "epsilon spent", cells.epsilon_spent, f"of {cells.epsilon_budget:g} in all"


def _privacy(figures: Figures) -> Iterator[Row]:
    groups, k = figures.groups, figures.k
    if figures.cells is not None:
        yield from _cells(figures.cells, k)
        return
    yield "unlike any other", _count(figures.unique), "rows whose columns, all together, no other row has"
    if figures.quasi_identifiers:
        yield "groups", groups.groups, f"by {', '.join(figures.quasi_identifiers)}"
        yield "smallest group", _count(groups.smallest), f"k is {k}"
        yield "rows below k", _count(groups.rows_below_k), "their quasi-identifiers would be hidden"
    for band, rows in groups.sizes.items():
        yield f"rows in groups from {band}", rows, "rows, by the size of their group"
    for each in figures.diversity:
        yield f"least l of {each.column}", each.least, f"{_count(each.rows_of_one_value)} rows in groups of one value"
    if figures.plan is not None:
        yield from _plan(figures.plan)
    moved = figures.differences
    yield (
        "changed",
        _count(moved.changed),
        f"of {moved.in_both} rows, {moved.earlier:%Y-%m-%d} to {moved.later:%Y-%m-%d}",
    )
    yield "one event behind a change", _count(moved.one_event), "rows: two reads show that event"
    yield "changes unlike any other", _count(moved.unlike_any_other), "rows, by old and new values together"
    yield "appeared", _count(moved.appeared), "rows in the later read only"
    yield "gone", _count(moved.gone), "rows in the earlier read only"
    if figures.quasi_identifiers:
        yield "groups that moved by few", _count(moved.small_moves), f"by fewer than {k} rows between the two reads"


def _plan(plan: Plan) -> Iterator[Row]:
    if not plan.changes:
        yield "proposal", "none", "nothing coarser reaches k with less loss"
    for change in plan.changes:
        yield f"proposal: {change.column}", change.words, f"write `{change.key}`"
    told = "normalised certainty penalty, 0 to 1, over the combinations"
    yield "loss as it is", f"{plan.loss_before:.3f}", f"{plan.hidden_before:.1%} of rows hidden"
    yield (
        "loss as proposed",
        f"{plan.loss_after:.3f}",
        f"{plan.hidden_after:.1%} of rows hidden; {told} of {plan.combinations}",
    )


def _use(figures: Figures) -> Iterator[Row]:
    for column in figures.unused:
        yield f"not used: {column}", "by any model", "the last models learned without it (Art. 5(1)(c))"
    empty = [cost.table for cost in figures.cost if not cost.rows]
    for table, columns in unheard(figures.lineage, empty).items():
        yield f"no events: {table}", ", ".join(columns), "0 or empty for all: deliver it, or leave it out (`without`)"
    for thread in figures.lineage:
        to = ", ".join([*thread.used_by, *thread.recipients]) or "whoever may read it"
        yield f"column {thread.column}", " ".join(thread.sources), f"to {to}"
    for cost in figures.cost:
        yield f"scans {cost.table}", cost.rows, f"rows at most, {cost.size_bytes} bytes in {cost.files} files"


def _count(count: int | None) -> int | str:
    return _FEW if count is None else count
