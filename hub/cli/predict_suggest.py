"""`varde predict suggest|worth`: what to do about what came up, and what that brought."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.module_name import ModuleName
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.predictions import suggesting
from hub.predictions.suggesting import Question
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.views.spec import LANGUAGES

_SHOWN: Final = ("need", "action", "channel", "expected_value_minor", "propensity", "suggestion")
_WAYS: Final = ("ips", "snips", "dr")
Actions = Annotated[Path, typer.Option("--actions", help="Actions, margins and channels: a JSON file of yours.")]


def suggest(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    actions: Actions,
    language: Annotated[str, typer.Option("--language", help=f"Of the words: {', '.join(LANGUAGES)}.")] = "en",
    capacity: Annotated[int | None, typer.Option("--capacity", min=1, help="Show at most so many customers.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed on the same rows chooses alike.")] = 7,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Choose an action for each customer of whom a need came up, the most valuable first; what is chosen is logged."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"suggestions are written in {', '.join(LANGUAGES)}")
    verify_out(out, use)
    catalogue = _read(actions)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read the views of the current {module} model, audited, and log a suggestion for each customer")
        return
    question = Question(catalogue=catalogue, language=language, seed=seed)
    reader = Reader(principal=act.principal, module=module, use=use)
    found = suggesting.suggest(act.hub, reader, module, question)
    made = found.rows.filter(pl.col("because") == "recommended")
    rows = made.select(PSEUDONYM, *_SHOWN).head(made.height if capacity is None else capacity)
    give_rows(rows, found.released, out, form)
    say(
        f"Logged {counted(found.kept, 'choice', 'choices')}, {found.kept - made.height} of them to do nothing and "
        f"compare; learned from {counted(found.learned_from, 'earlier one', 'earlier ones')}."
    )
    say("A suggestion is for a person to approve; `varde predict act` notes what was done, or that it was dismissed.")


def worth(
    ctx: typer.Context,
    module: ModuleName,
    *,
    actions: Actions,
    form: FormatOption = Format.TABLE,
    dry_run: DryRun = False,
) -> None:
    """Say what four ways of choosing actions bring a customer, by past suggestions and what followed: audited reads."""
    catalogue = _read(actions)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read past suggestions of {module} and what followed, audited, and judge ways of choosing")
        return
    told = suggesting.worth(act.hub, Reader(principal=act.principal, module=module), module, catalogue)
    if form is Format.JSON:
        show_json(told)
        return
    rows = [(way, *(_bounds(one[name]) for name in _WAYS)) for way, one in told.items()]
    show(Table(("way", "IPS", "SNIPS", "doubly robust"), rows, "Worth a customer, minor units"), form)


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise typer.BadParameter(f"the actions cannot be read as JSON ({type(exc).__name__})") from None
    if not isinstance(read, dict):
        raise typer.BadParameter("actions are a JSON object: docs/guides/next-need.md shows one")
    return read


def _bounds(found: dict[str, float]) -> str:
    return f"{found['figure']:.0f} ({found['low']:.0f} to {found['high']:.0f})"
