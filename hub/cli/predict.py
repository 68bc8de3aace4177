"""`varde predict`: learn from a view, score its customers with reasons, and say how good it is."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer

from hub import logs
from hub.cli.company_file import company_file
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, warn, would
from hub.cli.module_name import ModuleName
from hub.cli.moment import instant_from
from hub.cli.outfile import private_file, verify_ending
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.predict_next import next_
from hub.cli.predict_one import show_one
from hub.cli.predict_review import act, review
from hub.cli.predict_suggest import suggest, worth
from hub.cli.predict_texts import texts
from hub.cli.predict_triggers import TriggersFile, triggers_in
from hub.cli.predict_triggers import triggers as triggers_
from hub.cli.predict_upkeep import adopt, card, compare, drift, recalibrate
from hub.cli.predict_when import when
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import AsOfOption, OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.cli.source_faults import faults_in
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.predictions.company_file import themes_from
from hub.predictions.lessons import of_rows
from hub.predictions.service import Scored, challenge, readiness, report, score, train
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from predict.registry import DECLARED
from predict.telling.teller import teller_of

app = typer.Typer(help="Prediction modules: is there enough, train, score, report, review.", no_args_is_help=True)
for _command in (card, drift, recalibrate, compare, adopt, act, review, suggest, worth, texts):
    app.command()(_command)
app.command("triggers")(triggers_)
app.command("next")(next_)
app.command("when")(when)
_LOG = logs.log_of("predict")
_SCORE: Final = ("as_of", "probability", "low", "high", "band")
_WORTH: Final = ("value_minor", "value_at_risk_minor")
_PARTS: Final = {".json": "report", ".md": "markdown", ".html": "html"}


class ReportForm(StrEnum):
    """How a report is printed."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


@app.command("train")
def train_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    view: Annotated[str | None, typer.Option("--view", help="A view of yours; left out, the module's own.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed on the same rows gives the same model.")] = 7,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Learn what was known then; kept beside the current model."),
    ] = None,
    triggers: TriggersFile = None,
    themes: Annotated[
        Path | None, typer.Option("--themes", help="Your own themes and competitors: YAML; left out, the last ones.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Learn from every past instant of the view whose outcome is known; the new model becomes the current one."""
    rules = triggers_in(triggers, module)
    if rules is not None and until is not None:
        raise typer.BadParameter("a challenger is taught by the triggers of the current model: leave out --triggers")
    if themes is not None and (until is not None or not DECLARED[module].texts):
        raise typer.BadParameter("--themes is for the current model of a module that reads texts, such as satisfaction")
    own = None if themes is None else company_file(themes, themes_from)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {view or DECLARED[module].view} for training, audited, and make a new current model of {module}")
        return
    if until is None:
        trained = train(act.hub, act.principal, module, view=view, seed=seed, triggers=rules, themes=own)
    else:
        trained = challenge(act.hub, act.principal, module, view=view, until=instant_from(until))
    _LOG.info(logs.LogEvent.MODEL_TRAINED, extra={"model": trained.model_id, "rows": trained.rows})
    typer.echo(trained.model_id.hex())
    first, last = min(trained.cuts), max(trained.cuts)
    say(f"Learned {module} from {trained.rows} rows at {len(trained.cuts)} instants, {first:%Y-%m} to {last:%Y-%m}.")
    say(str(trained.report.get("summary", "")))


@app.command("readiness")
def readiness_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    view: Annotated[str | None, typer.Option("--view", help="A view of yours; left out, the module's own.")] = None,
    checked: Annotated[
        Path | None, typer.Option("--checked", help="What `varde source check --format json` wrote; judged along.")
    ] = None,
    language: LanguageOption = DEFAULT,
    form: FormatOption = Format.TABLE,
    dry_run: DryRun = False,
) -> None:
    """Say whether there is enough to learn from, and what to collect: an audited read that learns nothing."""
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {view or DECLARED[module].view} for training, audited, and judge what there is to learn from")
        return
    faults = () if checked is None else faults_in(checked)
    told = readiness(act.hub, act.principal, module, view=view, faults=faults, language=language)
    if form is Format.JSON:
        show_json(told)
        return
    words, rows = teller_of(DECLARED[module], language), []
    for one in told["findings"]:
        what, light = words.named("finding", one["name"]), words.named("light", one["light"])
        rows.append((what, light, one["have"], one["need"], one["advice"]))
    show(Table(words.head("readiness.head"), rows), form)
    say(words.say("readiness.allows", grade=words.named("grade", told["grade"])))


@app.command("score")
def score_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    as_of: AsOfOption = None,
    language: LanguageOption = DEFAULT,
    one: Annotated[str | None, typer.Option("--one", help="A pseudonym: score this customer and keep nothing.")] = None,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Score every customer that the view releases, with reasons in words, and write the scores back sealed."""
    if one is not None and (as_of is not None or out is not None):
        raise typer.BadParameter("one customer is scored at the instant of the view's snapshot, and printed")
    verify_out(out, use)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        whom = "write a score for each customer back" if one is None else "show the score of one customer"
        would(f"read the view of the current {module} model, audited, and {whom}")
        return
    if one is not None:
        show_one(act, Reader(principal=act.principal, use=use), module, (one, language), form)
        return
    at = None if as_of is None else instant_from(as_of)
    scored = score(act.hub, Reader(principal=act.principal, use=use), module, as_of=at, language=language)
    rows = _rows_of(scored)
    give_rows(rows, scored.released, out, form)
    _LOG.info(logs.LogEvent.SCORES_WRITTEN, extra={"rows": scored.written, "release": scored.released.release_id})
    _tell(scored, module)


def _rows_of(scored: Scored) -> pl.DataFrame:
    """Lay scores and reasons side by side; of a machine, whose it is and which."""
    worth = [name for name in _WORTH if name in scored.scores.columns]
    rows = scored.scores.select(PSEUDONYM, *_SCORE, *worth).join(scored.reasons.drop("as_of"), on=PSEUDONYM, how="left")
    return of_rows(rows.sort("probability", PSEUDONYM, descending=[True, False]), scored.released.spec)


def _tell(scored: Scored, module: str) -> None:
    """Say beside the scores what whoever reads them must know."""
    if scored.released.prohibited_uses:
        say(f"Never to be used for: {', '.join(scored.released.prohibited_uses)}.")
    whom, kept = counted(scored.written, "customer", "customers"), ""
    if scored.released.spec.key is not None:
        whom, kept = counted(scored.scores.height, "machine", "machines"), "nothing of it is kept; "
    say(f"Scored {whom}; {kept}a score is a suggestion to a person, never a decision (Article 22).")
    if scored.is_rule:
        warn(f"a rule, not a model: there was too little to learn {module} from; see `varde predict report {module}`.")
    if scored.retrain_by is not None:
        warn(f"this model learned from somebody who was erased: train it anew by {scored.retrain_by:%Y-%m-%d}.")
    for because, count in sorted(scored.released.absent.items(), key=lambda item: -item[1]):
        say(f"{counted(count, 'customer', 'customers')} absent: {because}")


@app.command("report")
def report_(
    ctx: typer.Context,
    module: ModuleName,
    *,
    form: Annotated[ReportForm, typer.Option("--format", help="How to print it.")] = ReportForm.MARKDOWN,
    out: Annotated[Path | None, typer.Option("--out", help="File .md, .json or .html.")] = None,
    language: LanguageOption = DEFAULT,
) -> None:
    """Say how good the current model is, beside which baseline, on whom; holds nothing about a person."""
    verify_ending(out, _PARTS)
    act = acting(ctx, Duty.ANYTHING)
    parts = report(act.hub, module, language=language)
    if out is None:
        typer.echo(parts["report" if form is ReportForm.JSON else form.value].decode())
        return
    with private_file(out) as file:
        file.write(parts[_PARTS[out.suffix]])
    say(f"Wrote the report to {out.name}.")
