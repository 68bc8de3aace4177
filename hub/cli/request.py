"""`varde request`: what people ask for about their own data, from arrival to answer, under the law's clock."""

from datetime import date, datetime
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, would
from hub.cli.moment import instant_from
from hub.cli.recipient import NOTICES
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.recipients.store import notices_of_request
from hub.requests import handling
from hub.requests.answering import DoneElsewhere
from hub.requests.lateness import due_within
from hub.requests.letter import refusal_text
from hub.requests.steps import Asked, get_request, seat_here
from privacy.answer import Elsewhere
from privacy.purposes import LANGUAGES
from privacy.request import Arrival, ExtensionReason, Proof, RefusalReason, Right, SubjectRequest
from privacy.store.request import all_requests, open_requests, steps_of
from privacy.terms import ID_BYTES

app = typer.Typer(help="What people ask for about their own data (Art. 12, 15-22).", no_args_is_help=True)
RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="Id of a request: `varde request list`.")]
_COLUMNS: Final = ("request", "right", "state", "due_on", "late", "received_at", "arrival", "duplicate_of")


@app.command("open")
def open_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    right: Annotated[Right, typer.Argument(help="What is asked for.")],
    *,
    arrival: Annotated[Arrival, typer.Option("--arrival", help="By which way it came.")] = Arrival.EMAIL,
    language: Annotated[str, typer.Option("--language", help="nb, nn, sv, en or de: how to answer.")] = "nb",
    received: Annotated[str | None, typer.Option("--received", help="When it came, if not now.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Enter a request that came by mail, letter or telephone, and print its id. Nobody is identified by that."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"--language is one of {', '.join(LANGUAGES)}")
    act = acting(ctx, Duty.ANYTHING)
    handling.verify_may_list(act.principal)
    came = act.hub.clock() if received is None else instant_from(received)
    if dry_run:
        would(f"enter a request for {right} that came on {_day(act, came)}")
        return
    asked = Asked(right=right, arrival=arrival, language=language, received_at=came)
    entered = handling.open_request(act.hub, asked, act.principal)
    typer.echo(entered.request_id.hex())
    say(f"To be answered by {entered.due_on}. Next: `varde request identify`, or `varde request ask` for proof.")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    due: Annotated[bool, typer.Option("--due", help="Only what is late, or due within a week.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what waits for an answer, the first due first; never who asked."""
    act = acting(ctx, Duty.ANYTHING)
    handling.verify_may_list(act.principal)
    with act.hub.reading() as session:
        found = all_requests(session) if everything else open_requests(session)
    today = _day(act, act.hub.clock())
    if due:
        found = due_within(found, act.hub)
    show(Table(_COLUMNS, [_row(each, today) for each in found], "Requests"), form)


@app.command("show")
def show_(ctx: typer.Context, request: RequestId, *, form: FormatOption = Format.TABLE) -> None:
    """Show every step of a request; what the person is told of a refusal is printed in their language."""
    act, request_id = _about(ctx, request)
    with act.hub.reading() as session:
        found, steps = get_request(session, request_id), steps_of(session, request_id)
        told = notices_of_request(session, request_id, found.record_id)
    rows: list[tuple[object, ...]] = [(each.at, each.state, each.reason, each.actor) for each in steps]
    title = f"Request for {found.right}: {_days(act, found)}"
    show(Table(("at", "step", "reason", "actor"), rows, title), form)
    if told and form is Format.TABLE:
        lines = [tuple(getattr(each, name) for name in NOTICES) for each in told]
        show(Table(NOTICES, lines, "Recipients told (Art. 19)"), form)
    _tell_refusal(act, found, steps[-1].reason)


@app.command()
def ask(ctx: typer.Context, request: RequestId, *, dry_run: DryRun = False) -> None:
    """Note that proof of identity was asked for: the clock stands still until it comes. Only where there is doubt."""
    act, request_id = _about(ctx, request)
    if not _is_dry(dry_run, "stop the clock until proof comes"):
        _tell(handling.ask_for_proof(act.hub, request_id, act.principal))


@app.command()
def identify(
    ctx: typer.Context,
    request: RequestId,
    identifier: Identifier,
    *,
    proof: Annotated[Proof, typer.Option("--proof", help="How they proved who they are.")],
    dry_run: DryRun = False,
) -> None:
    """Note who the asker is, and how that was proven. No copy of a document is kept."""
    act, request_id = _about(ctx, request)
    subject = one_subject_from(act.hub, identifier)
    if _is_dry(dry_run, f"tie the request to a person with {len(subject.records)} records"):
        return
    found = handling.identify(act.hub, request_id, subject, proof, act.principal)
    _tell(found)
    if found.duplicate_of is not None:
        say(f"It repeats request {found.duplicate_of.hex()}, which is open: answering that one answers this one.")


@app.command()
def start(ctx: typer.Context, request: RequestId, *, dry_run: DryRun = False) -> None:
    """Note that the work on an identified request begins."""
    act, request_id = _about(ctx, request)
    if not _is_dry(dry_run, "note that the work begins"):
        _tell(handling.start(act.hub, request_id, act.principal))


@app.command()
def extend(
    ctx: typer.Context,
    request: RequestId,
    *,
    reason: Annotated[ExtensionReason, typer.Option("--reason", help="Why; tell the person today.")],
    dry_run: DryRun = False,
) -> None:
    """Take two further months. Only within the first month, and only if the person is told now, with the reason."""
    act, request_id = _about(ctx, request)
    if not _is_dry(dry_run, "take two further months, if the first is not over"):
        _tell(handling.extend(act.hub, request_id, reason, act.principal))


@app.command()
def refuse(
    ctx: typer.Context,
    request: RequestId,
    *,
    reason: Annotated[RefusalReason, typer.Option("--reason", help="One of the law's own reasons for this right.")],
    dry_run: DryRun = False,
) -> None:
    """Refuse a request, and print what the person is told: the reason, where to complain, and the courts."""
    act, request_id = _about(ctx, request)
    if dry_run:
        handling.verify_may_refuse(act.hub, request_id, reason, act.principal)
        would("refuse it")
        return
    found = handling.refuse(act.hub, request_id, reason, act.principal)
    _tell(found)
    _tell_refusal(act, found, reason.value)


@app.command()
def fulfil(
    ctx: typer.Context,
    request: RequestId,
    *,
    elsewhere: Annotated[
        Elsewhere | None, typer.Option("--elsewhere", help="Why it is answered although the hub did not do it.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="With --elsewhere: the case or file that shows it; nobody's name.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Note that a request was answered, once what was asked for is done; what repeats it is answered with it."""
    if (elsewhere is None) is not (reference is None):
        raise typer.BadParameter("--elsewhere and --reference go together")
    act, request_id = _about(ctx, request)
    done = None if elsewhere is None else DoneElsewhere(reason=elsewhere, reference=reference or "")
    if dry_run:
        handling.verify_fulfillable(act.hub, request_id, done, act.principal)
        would("note that it was answered")
        return
    if done is None:
        _tell(handling.fulfil(act.hub, request_id, act.principal))
    else:
        _tell(handling.fulfil_elsewhere(act.hub, request_id, done, act.principal))


def request_id_from(text: str) -> bytes:
    """Read a request's id.

    Raises:
        BadParameter: it is none.

    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != ID_BYTES:
        raise typer.BadParameter(f"a request has {2 * ID_BYTES} hexadecimal digits")
    return found


def _about(ctx: typer.Context, request: str) -> tuple[Acting, bytes]:
    """Check the role before anything is looked up."""
    act = acting(ctx, Duty.ANYTHING)
    handling.verify_may_handle(act.principal)
    return act, request_id_from(request)


def _is_dry(dry_run: bool, what: str) -> bool:  # noqa: FBT001 - the option itself
    if dry_run:
        would(what)
    return dry_run


def _tell(found: SubjectRequest) -> None:
    clock = "the clock stands still" if found.is_open and found.due_on is None else f"due {found.due_on}"
    say(f"The request for {found.right} is {found.state}; {clock if found.is_open else 'closed'}.")


def _tell_refusal(act: Acting, found: SubjectRequest, reason: str) -> None:
    if not found.is_open and reason in set(RefusalReason):
        typer.echo(refusal_text(RefusalReason(reason), seat_here(act.hub), found.language))


def _days(act: Acting, found: SubjectRequest) -> str:
    """Say in words when a request came, and by when it is to be answered or when it was."""
    received = f"received on {_in_words(_day(act, found.received_at))}"
    if found.closed_at is not None:
        return f"{received}, {found.state} on {_in_words(_day(act, found.closed_at))}"
    if found.due_on is None:
        return f"{received}; the clock stands still until proof of identity comes"
    return f"{received}, to be answered by {_in_words(found.due_on)}"


def _in_words(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def _day(act: Acting, at: datetime) -> date:
    return seat_here(act.hub).today(at)


def _row(each: SubjectRequest, today: date) -> tuple[object, ...]:
    return (
        *(each.request_id, each.right, each.state, each.due_on, each.is_overdue(today)),
        *(each.received_at, each.arrival, each.duplicate_of),
    )
