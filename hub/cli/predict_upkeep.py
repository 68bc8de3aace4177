"""`varde predict card|drift|recalibrate|compare|adopt`: a model after its training."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.module_name import ModuleName
from hub.cli.outfile import private_file, verify_ending
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.predictions import tending
from predict import drift_page
from predict.registry import DECLARED
from predict.telling.teller import teller_of

_LOG = logs.log_of("predict")
_PARTS = {".md": "markdown", ".json": "card", ".html": "html"}


class CardForm(StrEnum):
    """How a model card is printed."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def card(
    ctx: typer.Context,
    module: ModuleName,
    *,
    form: Annotated[CardForm, typer.Option("--format", help="How to print it.")] = CardForm.MARKDOWN,
    out: Annotated[Path | None, typer.Option("--out", help="File .md, .json or .html.")] = None,
    language: LanguageOption = DEFAULT,
) -> None:
    """Write the model card: what the current model is for, how good, for whom, and for what never; names nobody."""
    verify_ending(out, _PARTS)
    parts = tending.card(acting(ctx, Duty.ANYTHING).hub, module, language=language)
    if out is None:
        typer.echo(parts["card" if form is CardForm.JSON else form.value].decode())
        return
    with private_file(out) as file:
        file.write(parts[_PARTS[out.suffix]])
    say(f"Wrote the model card to {out.name}.")


def drift(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    form: FormatOption = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", help="File .html with a picture; left out, a table.")] = None,
    language: LanguageOption = DEFAULT,
    dry_run: DryRun = False,
) -> None:
    """Say how far customers, scores and outcomes have moved since the training, and what is due; two audited reads."""
    verify_ending(out, (".html",))
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read the views of the current {module} model, audited, and compare them with what it was taught")
        return
    found = tending.upkeep(act.hub, act.principal, module, language=language)
    due = found.due(act.hub.clock())
    if out is not None:
        with private_file(out) as file:
            file.write(drift_page.html(found.drift, due, teller_of(DECLARED[module], language)).encode())
        say(f"Wrote what has moved to {out.name}.")
        return
    if form is Format.JSON:
        by = {"recalibrate_by": found.recalibrate_by, "retrain_by": found.retrain_by}
        show_json(found.drift | by | {"due": due})
        return
    words = teller_of(DECLARED[module], language)
    show(Table(words.head("drift.head"), drift_page.rows(found.drift, words), words.say("drift.picture")), form)
    say(_calibration(found.drift.get("calibration")))
    say(f"Fit probabilities anew by {found.recalibrate_by:%Y-%m-%d}, train anew by {found.retrain_by:%Y-%m-%d}.")
    say(f"Due now: {', '.join(due) or 'nothing'}.")


def recalibrate(ctx: typer.Context, module: ModuleName, *, dry_run: DryRun = False) -> None:
    """Fit the current model's probabilities to what happened since it learned; the model itself stays as it is."""
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read the view of the current {module} model for training, audited, and fit its probabilities anew")
        return
    model_id, report = tending.recalibrate(act.hub, act.principal, module)
    _LOG.info(logs.LogEvent.MODEL_TRAINED, extra={"model": model_id})
    typer.echo(model_id.hex())
    told = report["figures"]["recalibrated"]
    if told["kept_as_it_was"]:
        say("The probabilities came true as they were: the curve was kept.")
    say(_calibration(told["before"]))


def compare(
    ctx: typer.Context,
    module: ModuleName,
    *,
    challenger: Annotated[str | None, typer.Option("--with", help="A model's id; left out, the newest other.")] = None,
    form: FormatOption = Format.TABLE,
    dry_run: DryRun = False,
) -> None:
    """Judge the current model and a challenger by the same customers, at instants that neither was taught."""
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read the view of the current {module} model for training, audited, and judge two models by it")
        return
    told = tending.compare(act.hub, act.principal, module, None if challenger is None else model_from(challenger))
    if form is Format.JSON:
        show_json(told)
        return
    rows = [
        (
            side,
            told[f"{side}_id"],
            _bounds(told[side]["auc"]),
            _bounds(told[side]["brier"]),
            round(told[side]["ece"], 3),
        )
        for side in ("champion", "challenger")
    ]
    show(Table(("side", "model", "AUC", "Brier score", "calibration error"), rows), form)
    say(f"{told['customers']} rows at {len(told['cuts'])} instants, {told['outcomes']} with the outcome.")
    say(f"AUC gained {_bounds(told['auc_gained'])}: {told['verdict']}.")


def adopt(
    ctx: typer.Context,
    module: ModuleName,
    model: Annotated[str, typer.Argument(help="The model's id, as training printed it.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Make a model the current one of its module; adopting the other undoes it."""
    act = acting(ctx, Duty.TRAIN)
    model_id = model_from(model)
    if dry_run:
        would(f"make {model} the current model of {module}")
        return
    tending.adopt(act.hub, act.principal, module, model_id)
    say(f"{module} scores by {model} from now on.")


def model_from(text: str) -> bytes:
    """Read a model's id; raises BadParameter for what is none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise typer.BadParameter("a model's id is 32 hexadecimal digits, as `varde predict train` printed it") from None


def _calibration(told: dict[str, Any] | None) -> str:
    if told is None:
        return "No outcome is known yet that the model was not taught: its calibration cannot be judged."
    low, high = 100 * told["low"], 100 * told["high"]
    return (
        f"Of {told['customers']} customers {told['seen']:.0f} had the outcome, {told['foretold']:.0f} were foretold: "
        f"{100 * told['difference']:+.1f} points ({low:+.1f} to {high:+.1f}), {told['light']}."
    )


def _bounds(found: dict[str, float]) -> str:
    return f"{found['figure']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
