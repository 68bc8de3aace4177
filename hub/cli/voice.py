"""`varde voice`: what customers answered, where service goes wrong, and what people found out about it."""

from pathlib import Path
from typing import Annotated, Final

import typer
from yaml import YAMLError

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.moment import instant_from
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.cli.voice_alerts import alerts_app
from hub.cli.voice_answers import answered, answers, library
from hub.cli.voice_tasks import close, rules, tasks
from hub.predictions import voicing
from hub.predictions.evidence import LONGEST
from hub.predictions.voice_tasks import rules_from
from hub.predictions.voicing import VIEWS, Written
from hub.views.spec import LANGUAGES
from predict.causes.verdict import Verdict

app = typer.Typer(
    help="The voice of the customer: answers, service, steps, and where it goes wrong.", no_args_is_help=True
)
app.add_typer(alerts_app, name="alerts")
for _command in (rules, tasks, close, library, answers, answered):
    app.command()(_command)
Language = Annotated[str, typer.Option("--language", help=f"Of the page: {', '.join(LANGUAGES)}.")]
_ENDINGS: Final = {".html": "html", ".json": "study"}


@app.command("study")
def study_(
    ctx: typer.Context,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="End of four weeks; left out, the newest.")] = None,
    language: Language = "en",
    rules_file: Annotated[
        Path | None, typer.Option("--rules", help="YAML; left out, as `varde voice rules` prints.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Read answers, cases and steps of those who agreed, audited, and keep what they tell; says what matters first."""
    _verify_language(language)
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would(f"read {', '.join(view for view, _ in VIEWS.values())}, audited, and keep what they tell")
        return
    at = None if as_of is None else instant_from(as_of)
    text = None if rules_file is None else _rules(rules_file)
    _say(voicing.study(act.hub, act.principal, as_of=at, language=language, rules=text))
    say("`varde voice page --out voice.html` writes it all.")


@app.command("page")
def page_(
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", help="File .html or .json, mode 0600.")],
    language: Language = "en",
) -> None:
    """Write the newest study as a page to read in two minutes; reads no row of anybody."""
    _verify_language(language)
    if out.suffix not in _ENDINGS:
        raise typer.BadParameter(f"the file's ending says how to write it: one of {', '.join(_ENDINGS)}")
    act = acting(ctx, Duty.ANYTHING)
    written = voicing.page(act.hub, act.principal, language=language)
    with private_file(out) as file:
        file.write(written.html if out.suffix == ".html" else written.study)
    say(f"Wrote the study as of {written.as_of:%Y-%m-%d} to {out.name}.")


@app.command("findings")
def findings_(ctx: typer.Context, *, language: Language = "en", form: FormatOption = Format.TABLE) -> None:
    """List where it goes wrong, as the newest study proposes, what was refuted last."""
    _verify_language(language)
    act = acting(ctx, Duty.ANYTHING)
    written = voicing.page(act.hub, act.principal, language=language)
    rows = [(one["key"], one["verdict"], one["sentence"]) for one in written.proposals]
    show(Table(("key", "verdict", "what is seen"), rows), form)


@app.command("judge")
def judge_(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="As `varde voice findings` shows it.")],
    verdict: Annotated[Verdict, typer.Argument(help="What you found.")],
    *,
    evidence: Annotated[str, typer.Option("--evidence", help="What you looked at and saw; kept redacted and sealed.")],
    dry_run: DryRun = False,
) -> None:
    """Confirm or refute a proposal, with what you found; refuted ones come last from then on."""
    if verdict is Verdict.PROPOSED or not 1 <= len(evidence.strip()) <= LONGEST:
        raise typer.BadParameter(f"say confirmed or refuted, and why in at most {LONGEST} characters")
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would(f"note that a proposal was {verdict.value}")
        return
    voicing.judge(act.hub, act.principal, key, verdict.value, evidence=evidence.strip())
    say("Noted.")


@app.command("evidence")
def evidence_(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="As `varde voice findings` shows it.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what people said of a proposal, and why; told to the log before."""
    act = acting(ctx, Duty.ANYTHING)
    found = voicing.evidence_of(act.hub, act.principal, key)
    rows = [(f"{said.said_at:%Y-%m-%d %H:%M}", said.verdict, said.said_by.hex(), why) for said, why in found]
    show(Table(("said", "verdict", "by", "why"), rows), form)


def _rules(file: Path) -> str:
    """Read rules that somebody wrote, as far as YAML goes; the module says whether they make sense."""
    try:
        text = file.read_text(encoding="utf-8")
        rules_from(text)
    except (OSError, UnicodeDecodeError, YAMLError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise typer.BadParameter(f"the rules cannot be read ({type(exc).__name__}{where})") from None
    return text


def _say(written: Written) -> None:
    for one in written.headlines:
        typer.echo(one)
    if written.opened:
        say(f"{counted(written.opened, 'new task', 'new tasks')}: `varde voice tasks` lists them.")
    if written.missing:
        say(f"Left out, because its view is not approved or empty: {', '.join(written.missing)}.")


def _verify_language(language: str) -> None:
    if language not in LANGUAGES:
        raise typer.BadParameter(f"the page is written in {', '.join(LANGUAGES)}")
