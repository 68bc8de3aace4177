"""`varde demo`: the whole house on invented customers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.cli.launch import Invocation
from hub.cli.message import console, say, warn
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.exit_code import ExitCode

if TYPE_CHECKING:
    from hub.demo.run import DemoResult

_PEOPLE: Final = 5_000
_ORGANISATIONS: Final = 300
_SHOWN: Final = 10
_NEXT: Final = (
    "doctor",
    "view list",
    "view read churn_signals --purpose churn",
    "predict report churn",
    "quarantine list",
    "audit log --limit 20",
)


def demo(
    ctx: typer.Context,
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Where to; an earlier demo there is replaced.")] = Path(
        "varde-demo"
    ),
    scale: Annotated[float, typer.Option("--scale", min=0.02, help="1 is 5,000 people and 300 organisations.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed invents another company.")] = 7,
    form: FormatOption = Format.TABLE,
) -> None:
    """Invent a company, take in its systems' exports, and end with an audited churn score. About 2 minutes."""
    from hub.demo.run import Size, at_risk, run  # noqa: PLC0415 - Faker and its word lists: only this command pays for them

    size = Size(people=round(_PEOPLE * scale), organisations=max(1, round(_ORGANISATIONS * scale)), seed=seed)
    terminal = console()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def tell(step: str, done: int, of: int) -> None:
            progress.update(task, description=step, completed=done, total=of if of > 1 else None)
            if not terminal.is_terminal:
                say(step)

        result = run(folder, size, clock=Invocation.of(ctx).clock, tell=tell)
    risky = at_risk(result.scored, _SHOWN)
    if form is Format.JSON:
        show_json({"figures": dict(_figures(result)), "absent": result.absent, "at_risk": risky})
    else:
        _summary(result, risky, form)
    _what_next(result)
    if not result.opted_out_gone:
        raise typer.Exit(ExitCode.UNEXPECTED)


def _summary(result: "DemoResult", risky: Sequence[Mapping[str, Any]], form: Format) -> None:
    """Print what happened; as CSV the figures only, a list of one shape."""
    show(Table(("figure", "value"), _figures(result), "What happened"), form)
    if form is Format.CSV:
        return
    show(Table(("rule", "customers"), sorted(result.absent.items()), "Absent from the view, by the rule"), form)
    rows = [
        (each["pseudonym"], each["probability"], f"{each['low']:.2f} to {each['high']:.2f}", "; ".join(each["reasons"]))
        for each in risky
    ]
    title = "Customers at risk (pseudonyms of the churn domain)"
    show(Table(("pseudonym", "probability", "range", "reasons"), rows, title), form)


def _figures(result: "DemoResult") -> list[tuple[str, object]]:
    counts = [summary.counts for summary in result.summaries]
    return [
        ("files taken in", len(result.summaries)),
        ("rows read", sum(each.read for each in counts)),
        ("rows accepted", sum(each.accepted for each in counts)),
        ("rows refused, sealed in quarantine", sum(each.quarantined for each in counts)),
        ("rows that were duplicates", sum(each.duplicate for each in counts)),
        *((f"customers after merging: {kind}", count) for kind, count in sorted(result.entities.items())),
        ("records of one person found together (precision)", result.merge.precision),
        ("records of one person found together (recall)", result.merge.recall),
        ("rows the model learned from", result.trained.rows),
        ("customers scored", result.scored.written),
        ("model", str(result.trained.report.get("summary", ""))),
        ("opted out, and gone from the next read", result.opted_out_gone),
        ("audit entries verified", result.verdict.size),
    ]


def _what_next(result: "DemoResult") -> None:
    if not result.approval.four_eyes_enforced:
        warn("one OS account played both the view's author and its approver; the approval says so.")
    say(f"Everything is in {result.home}. Try:")
    for line in _NEXT:
        say(f"  varde --home {result.home} {line}")
