"""`varde contact`: by which way, when and how often a person wants to be reached."""

import re
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, given, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.consents import Wish, record_wish
from hub.contact.wishes import contact_of, note_shown, state_wish, verify_may_enter
from hub.suppression.opt_out import note_opt_out
from privacy.contact import ContactWish
from privacy.store.contact import Statement
from privacy.suppression import contact_purpose
from privacy.terms import ActChannel, ConsentAct, ContactChannel

app = typer.Typer(help="By which way, when and how often a person wants to be reached.", no_args_is_help=True)
_CHANNELS: Final = ("channel", "permission")
_WISH: Final = ("channels", "hours", "time_zone", "at_most", "per_days")
_HOURS: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")

Channels = Annotated[list[ContactChannel] | None, typer.Option("--channel", help="A wished channel. Repeatable.")]
Hours = Annotated[str | None, typer.Option("--hours", metavar="FROM-TO", help="Whole hours, such as 9-17.")]
Zone = Annotated[str, typer.Option("--time-zone", help="Whose clock the hours are of: an IANA name.")]
AtMost = Annotated[int | None, typer.Option("--at-most", min=0, help="How many messages at most ...")]
PerDays = Annotated[int | None, typer.Option("--per-days", min=1, help="... in how many days.")]


@app.command("show")
def show_(ctx: typer.Context, identifier: Identifier, *, form: FormatOption = Format.TABLE) -> None:
    """Show what a person said about being reached: permission by channel, and their wish. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_enter(act.principal)
    subject = one_subject_from(act.hub, identifier)
    note_shown(act.hub, subject, act.principal)
    with act.hub.reading() as session:
        standing = contact_of(session, subject, act.hub)
    channels = Table(_CHANNELS, sorted(standing.channels.items()), "Permission by channel")
    wish = Table(_WISH, [_row(standing.wish)], "Stated wish")
    if form is Format.JSON:
        named = {"channels": channels, "wish": wish}
        show_json({name: [dict(zip(t.columns, row, strict=True)) for row in t.rows] for name, t in named.items()})
        return
    show(channels, form)
    if form is Format.TABLE:
        show(wish, form)


@app.command("set")
def set_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    identifier: Identifier,
    *,
    channels: Channels = None,
    hours: Hours = None,
    time_zone: Zone = "Europe/Oslo",
    at_most: AtMost = None,
    per_days: PerDays = None,
    dry_run: DryRun = False,
) -> None:
    """State the whole wish of a person; what is left out is no wish any more. It beats what was learned of them."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_enter(act.principal)
    wish = _wish(channels, hours, time_zone, at_most=at_most, per_days=per_days)
    subject = one_subject_from(act.hub, identifier)
    if dry_run:
        would(f"state the wish on {len(subject.records)} records of the person")
        return
    said = Statement(wish=wish, at=act.hub.clock(), told_by=ActChannel.AGENT, actor=act.principal.principal_id)
    with act.hub.unit_of_work() as session:
        state_wish(act.hub, session, subject, said)
    say(f"Stated on {len(subject.records)} records of the person. It holds for every release from now on.")


@app.command()
def allow(ctx: typer.Context, identifier: Identifier, channel: ContactChannel, *, dry_run: DryRun = False) -> None:
    """Record that the person may be reached by a channel, where the purpose permits it too."""
    act = acting(ctx, Duty.ANYTHING)
    subject = one_subject_from(act.hub, identifier)
    if dry_run:
        would(f"permit {channel} on {len(subject.records)} records of the person")
        return
    wish = Wish(act=ConsentAct.GIVEN, purpose=contact_purpose(channel), channel=ActChannel.AGENT)
    record_wish(act.hub, subject, wish, act.principal)
    say(f"Permitted {channel} on {len(subject.records)} records of the person.")


@app.command()
def refuse(ctx: typer.Context, identifier: Identifier, channel: ContactChannel, *, dry_run: DryRun = False) -> None:
    """Record that nobody may be reached by a channel under an identifier, also where nobody carries it yet."""
    act, word = acting(ctx, Duty.ANYTHING), given(identifier)
    if dry_run:
        would(f"refuse {channel} for whoever carries the identifier, now or later")
        return
    wish = Wish(act=ConsentAct.WITHDRAWN, purpose=contact_purpose(channel), channel=ActChannel.AGENT)
    noted = note_opt_out(act.hub, word, wish, act.principal)
    say(f"Refused {channel} on {len(noted.records)} records, and on those that come with the identifier.")


def _wish(
    channels: list[ContactChannel] | None, hours: str | None, zone: str, *, at_most: int | None, per_days: int | None
) -> ContactWish:
    found = _HOURS.fullmatch(hours or "")
    if hours is not None and found is None:
        raise typer.BadParameter("--hours are two whole hours, such as 9-17")
    begin, end = (int(found[1]), int(found[2])) if found else (None, None)
    try:
        return ContactWish(
            channels=frozenset(channels or ()),
            hour_from=begin,
            hour_to=end,
            time_zone=zone if found else "",
            at_most=at_most,
            per_days=per_days,
        )
    except (ValueError, LookupError) as exc:
        rule = str(exc) if isinstance(exc, ValueError) else "there is no such time zone"
        raise typer.BadParameter(rule) from None


def _row(wish: ContactWish) -> tuple[object, ...]:
    hours = None if wish.hour_from is None else f"{wish.hour_from}-{wish.hour_to}"
    return (wish.channels, hours, wish.time_zone or None, wish.at_most, wish.per_days)
