"""`varde winback`: letters from approved templates, looked at by two persons, and sent at most once."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import complain, counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.outbox.post import post_of
from hub.views.intent import Reader
from hub.winback import judging, templates
from hub.winback.campaigns import get_campaign
from hub.winback.diagnosing import MODULE
from hub.winback.letters import OPEN, LetterState, count_letters, find_letters
from hub.winback.sending import send
from hub.winback.wording import language_model_of
from hub.winback.writing import Style, write
from predict.errors import TextRefused
from predict.winback.template import Band, Template, Tone
from privacy.purposes import LANGUAGES

template_app = typer.Typer(help="Templates of letters, each approved by somebody who did not write it.")
_LETTERS: Final = ("letter", "language", "revision", "state", "created_at", "due_at")
_TEMPLATES: Final = ("template", "name", "language", "tone", "band", "written_at", "approved_at")

LetterId = Annotated[str, typer.Argument(metavar="LETTER", help="The beginning of its id: `varde winback letters`.")]
CampaignId = Annotated[str, typer.Option("--campaign", help="The beginning of its id; left out, the newest.")]
TextFile = Annotated[Path, typer.Argument(metavar="FILE", help="First line the subject, an empty line, then the body.")]
ToneOption = Annotated[Tone, typer.Option("--tone", help="How it sounds.")]
BandOption = Annotated[Band, typer.Option("--band", help="Whom it is for.")]
Language = Annotated[str, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")]


@template_app.command("first")
def template_first(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Submit the texts to begin with, five in five languages; somebody else approves them."""
    act = acting(ctx, Duty.WIN_BACK)
    first = templates.first_letters()
    if dry_run:
        would(f"submit {len(first)} texts for approval")
        return
    templates.submit(act.hub, first, act.principal)
    say(f"Submitted {len(first)} texts; another person reads and approves each name:")
    say("  `varde winback template show talk`, then `varde winback template approve talk`.")


@template_app.command("add")
def template_add(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    name: str,
    file: TextFile,
    *,
    language: Language,
    tone: ToneOption = Tone.WARM,
    band: BandOption = Band.CONSUMER,
    dry_run: DryRun = False,
) -> None:
    """Submit a text of your own; what may stand in one is checked at once."""
    act = acting(ctx, Duty.WIN_BACK)
    subject, body = _text(file)
    try:
        template = Template(name=name, language=language, tone=tone, band=band, subject=subject, body=body)
    except TextRefused as exc:
        raise typer.BadParameter(str(exc)) from None
    if dry_run:
        would("submit one text for approval")
        return
    typer.echo(templates.submit(act.hub, [template], act.principal)[0].hex())
    say("Another person reads and approves it: `varde winback template show`, then `template approve`.")


@template_app.command("approve")
def template_approve(ctx: typer.Context, named: str, *, dry_run: DryRun = False) -> None:
    """Approve what `template show` showed you: the text whose id begins like that, or all that wait of a name."""
    act = acting(ctx, Duty.WIN_BACK)
    if dry_run:
        would("approve texts that another person wrote")
        return
    say(f"Approved {counted(len(templates.approve(act.hub, named, act.principal)), 'text', 'texts')}.")
    _one_account()


@template_app.command("list")
def template_list(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List every text, newest first."""
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        found = templates.listed(session)
    rows = [(one.template_id, *(getattr(one, name) for name in _TEMPLATES[1:])) for one in found]
    show(Table(_TEMPLATES, rows, "Templates"), form)


@template_app.command("show")
def template_show(ctx: typer.Context, named: str, *, dry_run: DryRun = False) -> None:
    """Print the texts of a name that wait, or one text by its id; only who was shown a text can approve it."""
    act = acting(ctx, Duty.WIN_BACK)
    if dry_run:
        would("print texts, and note that you were shown them")
        return
    for one in templates.show(act.hub, named, act.principal):
        say(f"{one.name}, {one.language}, {one.tone}, for {one.band}:")
        typer.echo(f"{one.subject}\n\n{one.body}")


def write_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    campaign: CampaignId = "",
    tone: ToneOption = Tone.WARM,
    band: BandOption = Band.CONSUMER,
    language: Language = "en",
    dry_run: DryRun = False,
) -> None:
    """Write a draft for everybody who is due a letter now, in their language; --language where none is known."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"letters are written in {', '.join(LANGUAGES)}")
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        chosen = get_campaign(session, campaign)
    if dry_run:
        would("read winback_progress, audited, and write a draft for everybody whose step is due; nothing is sent")
        return
    who = Reader(principal=act.principal, module=MODULE)
    written = write(act.hub, who, chosen, Style(tone=tone, band=band, language=language))
    say(f"Wrote {counted(written.letters, 'draft', 'drafts')}; another person approves each before it is sent.")
    for why, count in sorted(written.without.items()):
        say(f"{counted(count, 'customer', 'customers')} without: {why}")


def letters(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the letters that wait, without what they say or to whom; `show` opens one."""
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        found, counts = find_letters(session, OPEN), count_letters(session)
    rows = [(one.letter_id, *(getattr(one, name) for name in _LETTERS[1:])) for one in found]
    show(Table(_LETTERS, rows, "Letters that wait"), form)
    say(", ".join(f"{counts[state]} {state.value}" for state in LetterState if state in counts) or "No letter yet.")


def show_(ctx: typer.Context, letter: LetterId, *, dry_run: DryRun = False) -> None:
    """Open one letter's text, audited; the name stands as [[name]]: it is put in where the letter leaves."""
    act = acting(ctx, Duty.WIN_BACK)
    letter_id = judging.find_waiting(act.hub, letter)
    if dry_run:
        would("open one letter's text, audited")
        return
    draft = judging.show(act.hub, letter_id, act.principal)
    typer.echo(f"{draft.subject}\n\n{draft.body}")
    if judging.LANGUAGE_MODEL in draft.authors:
        say("A language model proposed these words: read every line.")
    say(f"Template {draft.template}, {draft.language}. Facts about the customer or for everybody:")
    for name, value in draft.facts.items():
        say(f"  {name}: {value}")


def edit(ctx: typer.Context, letter: LetterId, file: TextFile, *, dry_run: DryRun = False) -> None:
    """Replace a letter's text; whoever changes it cannot approve it, and an approval of before is over."""
    act = acting(ctx, Duty.WIN_BACK)
    letter_id, text = judging.find_waiting(act.hub, letter), _text(file)
    if dry_run:
        would("replace one letter's text")
        return
    try:
        judging.edit(act.hub, letter_id, text, act.principal)
    except TextRefused as exc:
        raise typer.BadParameter(str(exc)) from None
    say("Replaced; it wants an approval by somebody who wrote none of it.")


def propose(ctx: typer.Context, letter: LetterId, *, dry_run: DryRun = False) -> None:
    """Let a language model on this machine propose other words for a letter; it sees none of its facts."""
    act = acting(ctx, Duty.WIN_BACK)
    model, letter_id = language_model_of(act.hub.settings), judging.find_waiting(act.hub, letter)
    if model is None:
        complain("No language model is configured. Set VARDE_LANGUAGE_MODEL to one on this machine.")
        raise typer.Exit(ExitCode.USAGE)
    if dry_run:
        would("show a letter without its facts to the language model, and replace its text by what that proposes")
        return
    try:
        judging.propose(act.hub, letter_id, act.principal, model)
    except TextRefused as exc:
        complain(f"The proposal was thrown away: {exc}. The letter is as it was.")
        raise typer.Exit(ExitCode.REFUSED) from None
    say("Replaced by a proposal; read it (`show`), and let somebody else approve it.")


def approve(ctx: typer.Context, letter: LetterId, *, dry_run: DryRun = False) -> None:
    """Approve the very text that `show` showed you; not if you wrote or changed it."""
    act = acting(ctx, Duty.WIN_BACK)
    letter_id = judging.find_waiting(act.hub, letter)
    if dry_run:
        would("approve one letter, if you have seen it and another person wrote it")
        return
    judging.approve(act.hub, letter_id, act.principal)
    say("Approved for 14 days; everything is looked at again when it leaves.")
    _one_account()


def refuse(ctx: typer.Context, letter: LetterId, *, dry_run: DryRun = False) -> None:
    """Refuse a letter: it is never sent, and its text is let go of."""
    act = acting(ctx, Duty.WIN_BACK)
    letter_id = judging.find_waiting(act.hub, letter)
    if dry_run:
        would("refuse one letter")
        return
    judging.refuse(act.hub, letter_id, act.principal)
    say("Refused.")


def send_(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Send the approved letters by e-mail to whom may be written to at this moment; each at most once."""
    act = acting(ctx, Duty.SEND_WINBACK)
    post = post_of(act.hub.settings)
    if post is None:
        complain("No mail server is configured. Set VARDE_MAIL, such as smtp://HOST:587?from=ADDRESS.")
        raise typer.Exit(ExitCode.USAGE)
    if dry_run:
        with act.hub.reading() as session:
            would(f"look again at {count_letters(session).get(LetterState.APPROVED, 0)} approved letters and send them")
        return
    done = send(act.hub, Reader(principal=act.principal, module=MODULE), post)
    say(f"Sent {counted(done.sent, 'letter', 'letters')}.")
    for why, count in sorted(done.others.items()):
        if count:
            say(f"{counted(count, 'letter', 'letters')}: {why}")


def stamps(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Say whether approvers read what they approve: DPO and owner by person, anybody else of themselves."""
    act = acting(ctx, Duty.SEE_STAMPS)
    found = judging.stamps(act.hub, act.principal)
    show(Table(tuple(found.columns), list(found.iter_rows()), "Approvals"), form)


def _text(file: Path) -> tuple[str, str]:
    try:
        subject, _, body = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError) as exc:
        raise typer.BadParameter(f"the file cannot be read as UTF-8 ({type(exc).__name__})") from None
    return subject.strip(), body.lstrip("\n")


def _one_account() -> None:
    warn("four eyes are not enforced: on one OS account both credentials can be used by the same person.")
