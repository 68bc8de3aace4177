"""`varde consent`: what a person told us about the use of their data, entered for them by an agent."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import partial
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from hub import logs
from hub.cli.consent_import import import_
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.launch import Invocation
from hub.cli.message import counted, say, would
from hub.cli.moment import end_from
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, given, one_subject_from, subject_from
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.compose import Hub
from hub.consents import Subject, Wish, history, record_wish
from hub.contact.asking import ask_consent, rehearse_asking
from hub.me.standing import stands_of
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.requests.seat import seat_of
from hub.suppression.opt_out import note_opt_out, rehearse_opt_out
from privacy.consent import Head, axes_of
from privacy.contact import ask_not_before
from privacy.store.consent import Act, Place, heads_of
from privacy.store.policy import find_policy
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PurposeId, random_id

app = typer.Typer(help="Consent, objection and restriction of a person.", no_args_is_help=True)
app.command("import")(import_)
_LOG = logs.log_of("consent")
_ACTS: Final = ("at", "act", "purpose", "channel", "notice_version", "until", "record_id")
_PERMITS: Final = frozenset({ConsentAct.GIVEN, ConsentAct.OBJECTION_LIFTED, ConsentAct.RESTRICTION_LIFTED})
_WAIT: Final = frozenset({ConsentAct.WITHDRAWN, ConsentAct.OBJECTED})
"""What is kept for whoever carries the identifier later, if nobody does yet."""
_STANDING: Final = (
    *("purpose", "used", "because", "consent", "objected", "restricted"),
    *("records", "not_asked_before_end_of"),
)

Purpose = Annotated[str, typer.Argument(help="A purpose of the policy; * means every purpose.")]
EveryPurpose = Annotated[str, typer.Argument(help="A purpose of the policy; left out, every purpose.")]
Until = Annotated[
    str | None,
    typer.Option("--until", help="Its last day at the seat, or an instant."),
]


class Lifted(StrEnum):
    """What can be lifted again."""

    OBJECTION = "objection"
    RESTRICTION = "restriction"


@app.command()
def give(
    ctx: typer.Context, identifier: Identifier, purpose: Purpose, *, until: Until = None, dry_run: DryRun = False
) -> None:
    """Record that the person consents to one purpose."""
    if purpose == EVERY_PURPOSE:
        raise typer.BadParameter("consent is given for one stated purpose at a time (Article 4(11))")
    lapses = None if until is None else end_from(until, _zone(Invocation.of(ctx).settings().country))
    if lapses is not None and lapses <= Invocation.of(ctx).clock():
        raise typer.BadParameter("--until must lie in the future")
    wish = _wish(ConsentAct.GIVEN, purpose, lapses)
    _enter(ctx, identifier, wish, dry_run=dry_run)


@app.command()
def withdraw(ctx: typer.Context, identifier: Identifier, purpose: Purpose, *, dry_run: DryRun = False) -> None:
    """Record that the person withdraws consent; no read that starts later returns them for the purpose."""
    _enter(ctx, identifier, _wish(ConsentAct.WITHDRAWN, purpose), dry_run=dry_run)


@app.command("object")
def object_(ctx: typer.Context, identifier: Identifier, purpose: Purpose, *, dry_run: DryRun = False) -> None:
    """Record an objection (Article 21)."""
    _enter(ctx, identifier, _wish(ConsentAct.OBJECTED, purpose), dry_run=dry_run)


@app.command()
def ask(ctx: typer.Context, identifier: Identifier, purpose: Purpose, *, dry_run: DryRun = False) -> None:
    """Record that the person is asked for consent; refused for six months after their no."""
    act = acting(ctx, Duty.ANYTHING)
    subject = one_subject_from(act.hub, identifier)
    zone = _zone(act.hub.settings.country)
    if dry_run:
        rehearse_asking(act.hub, subject, PurposeId(purpose), act.principal, zone=zone)
        would(f"note on {counted(len(subject.records), 'record', 'records')} that the person is asked for {purpose}")
        return
    records = ask_consent(act.hub, subject, PurposeId(purpose), act.principal, zone=zone)
    say(f"Noted on {counted(records, 'record', 'records')} that the person is asked for {purpose}.")


@app.command()
def restrict(
    ctx: typer.Context, identifier: Identifier, purpose: EveryPurpose = EVERY_PURPOSE, *, dry_run: DryRun = False
) -> None:
    """Record a restriction (Article 18): the data is kept and not used."""
    _enter(ctx, identifier, _wish(ConsentAct.RESTRICTED, purpose), dry_run=dry_run)


@app.command()
def lift(
    ctx: typer.Context,
    what: Annotated[Lifted, typer.Argument(help="What the person lifts.")],
    identifier: Identifier,
    purpose: EveryPurpose = EVERY_PURPOSE,
    *,
    dry_run: DryRun = False,
) -> None:
    """Record that the person lifts an objection or a restriction."""
    act = ConsentAct.OBJECTION_LIFTED if what is Lifted.OBJECTION else ConsentAct.RESTRICTION_LIFTED
    _enter(ctx, identifier, _wish(act, purpose), dry_run=dry_run)


@app.command("show")
def show_(ctx: typer.Context, identifier: Identifier, *, form: FormatOption = Format.TABLE) -> None:
    """Show every act of a person and where they stand now. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    subject = one_subject_from(act.hub, identifier)
    acts = Table(_ACTS, [_act_row(each) for each in history(act.hub, subject, act.principal)], "Acts")
    standing = Table(_STANDING, _standing(act.hub, subject), "Where the person stands now")
    if form is Format.JSON:
        named = {"acts": acts, "standing": standing}
        show_json({name: [dict(zip(t.columns, row, strict=True)) for row in t.rows] for name, t in named.items()})
        return
    show(acts, form)
    if form is Format.TABLE:
        show(standing, form)


_TOLD: Final = {
    ConsentAct.RESTRICTED: NoticeKind.RESTRICTION,
    ConsentAct.RESTRICTION_LIFTED: NoticeKind.RESTRICTION_LIFTED,
}
"""What recipients are told (Article 19), and that it is over: they stopped because they were told."""


def _wish(act: ConsentAct, purpose: str, until: datetime | None = None) -> Wish:
    return Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT, until=until)


def _tell_recipients(act: Acting, subject: Subject, wish: Wish, session: Session) -> None:
    kind, by = _TOLD.get(wish.act), act.principal.principal_id
    if kind is not None:
        deed = Deed(kind=kind, act_id=random_id(), records=subject.records, by=by, purpose=wish.purpose)
        enqueue_notices(act.hub, session, deed)


def _enter(ctx: typer.Context, identifier: str, wish: Wish, *, dry_run: bool) -> None:
    """Write the act for every record of the person, or say what would be written."""
    act, word = acting(ctx, Duty.ANYTHING), given(identifier)
    if wish.act in _WAIT and ":" in word:
        _note(act, word, wish, dry_run=dry_run)
        return
    find = one_subject_from if wish.act in _PERMITS else subject_from
    subject = find(act.hub, word)
    what = _what(wish, len(subject.records))
    if dry_run:
        if wish.purpose != EVERY_PURPOSE:
            act.hub.policy().purpose(wish.purpose)
        would(f"write {what}")
        return
    epoch = record_wish(act.hub, subject, wish, act.principal, beside=partial(_tell_recipients, act, subject, wish))
    fields = {"act": wish.act.value, "purpose": wish.purpose, "records": len(subject.records), "epoch": epoch}
    _LOG.info(logs.LogEvent.CONSENT_RECORDED, extra=fields)
    say(f"Wrote {what}. It holds from now on: no read that starts later sees it otherwise (epoch {epoch}).")


def _what(wish: Wish, records: int) -> str:
    purpose = "every purpose" if wish.purpose == EVERY_PURPOSE else wish.purpose
    return f"`{wish.act}` for {purpose} on {counted(records, 'record', 'records')} of the person"


def _note(act: Acting, identifier: str, wish: Wish, *, dry_run: bool) -> None:
    """Write a no on every record that carries an identifier, and keep it for those that will."""
    if dry_run:
        would(f"write {_what(wish, rehearse_opt_out(act.hub, identifier, wish, act.principal))}, and on later ones")
        return
    noted = note_opt_out(act.hub, identifier, wish, act.principal)
    fields = {"act": wish.act.value, "purpose": wish.purpose, "records": len(noted.records)}
    _LOG.info(logs.LogEvent.CONSENT_RECORDED, extra=fields)
    if noted.records:
        say(f"Wrote {_what(wish, len(noted.records))}. It holds from now on, and for every record that comes with it.")
    else:
        say("Nobody here carries that identifier yet. The no is kept, and holds for whoever comes with it.")


def _act_row(act: Act) -> tuple[object, ...]:
    event = act.event
    return (event.at, event.act, act.purpose, event.channel, event.notice_version, event.until, act.record_id)


def _standing(hub: Hub, subject: Subject) -> list[tuple[object, ...]]:
    """Say per purpose of the policy what the gate decides now, and why; below what else they spoke of, as they said it.

    What they said of every purpose counts for each of them, so it is folded in.
    """
    at, zone = hub.clock(), _zone(hub.settings.country)
    with hub.reading() as session:
        heads = heads_of(session, subject.records)
        stands = stands_of(session, find_policy(session) or hub.policy(), subject.records, at=at)
    rows: list[tuple[object, ...]] = []
    for each in stands:
        verdict = each.refused is None, each.refused, each.consent, each.objected, each.restricted
        rows.append((each.purpose.id, *verdict, *_counted(heads, {each.purpose.id, EVERY_PURPOSE}, zone)))
    ruled = {each.purpose.id for each in stands}
    for purpose in sorted({of for _, of in heads} - ruled):
        axes = [axes_of(head, at=at) for (_, of), head in heads.items() if of == purpose]
        said = (
            sorted({each.state.value for each in axes}),
            any(a.objected for a in axes),
            any(a.restricted for a in axes),
        )
        rows.append((purpose, None, None, *said, *_counted(heads, {purpose, EVERY_PURPOSE}, zone)))
    return rows


def _zone(country: str) -> ZoneInfo:
    return seat_of(country).time_zone


def _counted(heads: Mapping[Place, Head], purposes: Collection[str], zone: tzinfo) -> tuple[int, date | None]:
    """Return on how many records something was said of these purposes, and until when the person is left in peace."""
    mine = {place: head for place, head in heads.items() if place[1] in purposes}
    return len({record for record, _ in mine}), ask_not_before(mine.values(), zone)
