"""`varde winback`: who left and why, a campaign by lot, and who is due a letter today; letters in `winback_letter`."""

import json
import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say, warn, would
from hub.cli.moment import instant_from
from hub.cli.rehearsal import DryRun
from hub.cli.rows import show_rows
from hub.cli.rows_option import AsOfOption, OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.cli.table import Format, FormatOption, Table, show
from hub.cli.winback_letter import approve, edit, letters, propose, refuse, send_, show_, stamps, template_app, write_
from hub.cli.winback_report import note_, report_
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.campaigns import all_campaigns, get_campaign
from hub.winback.diagnosing import MODULE, VIEW, Question, diagnose
from hub.winback.drawing import Draw, draw
from hub.winback.due import due
from hub.winback.templates import facts_missing
from predict.value.margins import margins_of
from predict.winback.experiment import sample_size
from predict.winback.playbook import DEFAULT, playbook_of

app = typer.Typer(help="Winning back: why they left, campaigns with a hold-out, letters.", no_args_is_help=True)
app.add_typer(template_app, name="template")
app.command("write")(write_)
app.command("show")(show_)
app.command("send")(send_)
app.command("note")(note_)
app.command("report")(report_)
for _command in (letters, edit, propose, approve, refuse, stamps):
    app.command()(_command)
_ROWS: Final = ("reason", "stated", "strength", "uplift", "value_minor", "offer", "channel", "expected_value_minor")
_LOT_BITS: Final = 31  # a whole number of the database
_CAMPAIGNS: Final = ("campaign", "view", "as_of", "drawn_at", "hold_out", "customers")

View = Annotated[str, typer.Option("--view", help="Whose: winback_scoring or winback_contracts_scoring.")]
PlaybookFile = Annotated[Path | None, typer.Option("--playbook", help="Your own: `varde winback playbook` is a start.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed on the same rows gives the same answer.")]
Lot = Annotated[
    int | None, typer.Option("--seed", min=0, help="Draws the lots; left out, another each time, and kept.")
]
CampaignId = Annotated[str, typer.Option("--campaign", help="The beginning of its id; left out, the newest.")]


@app.command("playbook")
def playbook_(ctx: typer.Context) -> None:
    """Print the rules to begin with: clues, offers, sequences, bands and terms, as JSON to be edited."""
    typer.echo(json.dumps(_default(acting(ctx, Duty.ANYTHING)), indent=2))


@app.command("diagnose")
def diagnose_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    view: View = VIEW,
    as_of: AsOfOption = None,
    playbook: PlaybookFile = None,
    seed: Seed = 7,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Say who left and why, whom contacting changes if a trial tells, and which offer would be worth it."""
    verify_out(out, use)
    act = acting(ctx, Duty.WIN_BACK)
    rules, at = _rules(act, playbook), None if as_of is None else instant_from(as_of)
    if dry_run:
        would(f"read {view}, audited, and judge why they left and what could be offered; nothing is kept")
        return
    question = Question(playbook=rules, view=view, as_of=at, seed=seed)
    found = diagnose(act.hub, Reader(principal=act.principal, module=MODULE, use=use), question)
    rows = found.customers.sort("expected_value_minor", PSEUDONYM, descending=[True, False], nulls_last=True)
    told = rows.with_columns(pl.col("clues").list.join(" "))
    give_rows(rows.select(PSEUDONYM, *_ROWS, "because") if out is None else told, found.released, out, form)
    _tell(found.told, found.released.prohibited_uses)


@app.command("draw")
def draw_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    view: View = VIEW,
    as_of: AsOfOption = None,
    playbook: PlaybookFile = None,
    seed: Lot = None,
    hold_out: Annotated[float, typer.Option("--hold-out", min=0.01, max=0.99, help="Share that gets no letter.")] = 0.2,
    capacity: Annotated[int | None, typer.Option("--capacity", min=2, help="At most so many customers.")] = None,
    fact: Annotated[list[str] | None, typer.Option("--fact", help="What letters may state, as NAME=TEXT.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Begin a campaign: who is recommended an offer is drawn, within each reason, to be written to or left alone."""
    act = acting(ctx, Duty.WIN_BACK)
    rules, facts = _rules(act, playbook), _facts(fact or [])
    at = None if as_of is None else instant_from(as_of)
    if dry_run:
        would(f"read {view}, audited, and draw {hold_out:.0%} of those who are recommended an offer to be left alone")
        return
    lot = secrets.randbits(_LOT_BITS) if seed is None else seed  # else the same customers are left alone each time
    question = Question(playbook=rules, view=view, as_of=at, seed=lot)
    how = Draw(hold_out=hold_out, capacity=capacity, facts=facts)
    drawn = draw(act.hub, Reader(principal=act.principal, module=MODULE), question, how)
    typer.echo(drawn.campaign.campaign_id.hex())
    say(f"Drawn: {counted(drawn.contact, 'customer', 'customers')} to write to, {drawn.hold_out} to leave alone.")
    for name, missing in facts_missing(act.hub, playbook_of(rules).plans, how.facts).items():
        lacking = " ".join(f"--fact {one}=TEXT" for one in missing)
        warn(f"no letter can be written from template {name} in this campaign: it lacks {lacking}")
    say("Whoever is left alone is what returns are compared with: do not write to them by another way either.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the campaigns."""
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        found = all_campaigns(session)
    rows = [(one.campaign_id, *(getattr(one, name) for name in _CAMPAIGNS[1:])) for one in found]
    show(Table(_CAMPAIGNS, rows, "Campaigns"), form)


@app.command("due")
def due_(
    ctx: typer.Context, *, campaign: CampaignId = "", form: FormatOption = Format.TABLE, dry_run: DryRun = False
) -> None:
    """Say which step of which sequence is due for whom today; who came back, answered or complained is left out."""
    act = acting(ctx, Duty.WIN_BACK)
    if dry_run:
        would("read winback_progress, audited, and list whose next step is due")
        return
    with act.hub.reading() as session:
        chosen = get_campaign(session, campaign)
    found = due(act.hub, Reader(principal=act.principal, module=MODULE), chosen)
    show_rows(found.steps.select(PSEUDONYM, "plan", "step", "template", "channel", "since", "reachable"), form)
    spared = found.steps.filter(~pl.col("reachable")).height
    if spared:
        say(f"{counted(spared, 'customer', 'customers')} may not be reached by that channel now: no letter is written.")


@app.command("size")
def size_(
    base: Annotated[float, typer.Argument(help="Share that comes back unasked, such as 0.04.")],
    lifted: Annotated[float, typer.Argument(help="Share that you hope for when you write, such as 0.08.")],
    *,
    alpha: Annotated[float, typer.Option("--alpha", min=0.001, max=0.5, help="Chance of a false alarm.")] = 0.05,
    power: Annotated[float, typer.Option("--power", min=0.5, max=0.999, help="Chance to find it.")] = 0.8,
) -> None:
    """Say how many customers each of two equal arms needs to tell the two shares apart."""
    try:
        typer.echo(sample_size(base, lifted, alpha=alpha, power=power))
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None


def _tell(told: dict[str, Any], prohibited: tuple[str, ...]) -> None:
    """Say beside the rows what whoever reads them must know."""
    reasons = ", ".join(f"{one['reason']} {one['customers']}" for one in told["reasons"])
    say(f"{counted(told['customers'], 'former customer', 'former customers')}: {reasons or 'none'}.")
    agreed = told["agreement"]
    kappa = agreed["kappa"]
    say(
        f"Clues and stated reasons cannot be compared: {agreed['why']}."
        if kappa is None
        else f"Clues agree with stated reasons: kappa {kappa['figure']:.2f} "
        f"({kappa['low']:.2f} to {kappa['high']:.2f}, of {agreed['of']})."
    )
    say("Groups without any rule: " + ("found again each time." if told["groups"]["believed"] else "none to believe."))
    uplift = told["uplift"]
    say(f"Whom a contact changes: {uplift['verdict']}" + (f" ({uplift['why']})." if "why" in uplift else "."))
    if "not_to_be_read" in uplift:
        lost = counted(uplift["not_to_be_read"], "customer", "customers")
        say(f"{lost} of the earlier campaign may not be read any more: letters bring noes, so effects are too high.")
    if told["unknown_levels"]:
        warn(f"margins of {', '.join(told['unknown_levels'])}: no customer has such a level; look at the spelling.")
    if "assumed" in uplift:
        say(f"Values rest on an assumption of the playbook: a contact wins back {uplift['assumed']:.1%} more.")
    if prohibited:
        say(f"Never to be used for: {', '.join(prohibited)}.")


def _default(act: Acting) -> dict[str, Any]:
    """Give the rules to begin with; value counts as the company's own settings say, where they say anything."""
    said = act.hub.settings.value
    whole = margins_of(said).as_mapping() if said else {}
    own = {name: one for name, one in whole.items() if one not in ("", {}) and (name in said or name != "margin")}
    return {**DEFAULT, "terms": {**DEFAULT["terms"], **own}}


def _rules(act: Acting, file: Path | None) -> dict[str, Any]:
    if file is None:
        return _default(act)
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise typer.BadParameter(f"the playbook cannot be read as JSON ({type(exc).__name__})") from None
    if not isinstance(read, dict):
        raise typer.BadParameter("a playbook is a JSON object; `varde winback playbook` prints one")
    return read


def _facts(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if any(not name or not text for name, _, text in pairs):
        raise typer.BadParameter("a fact is written NAME=TEXT, such as news='free delivery'")
    return {name: text for name, _, text in pairs}
