"""`varde predict when`: through which channel, on which weekday and at what hour each customer answers best."""

from typing import Annotated, Any, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, warn, would
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.predictions.known_days import HOLIDAY
from hub.predictions.reaching import CONTACTS, CUSTOMERS, Reaching, Wish, reaching
from hub.requests.seat import seat_of
from hub.views.intent import Reader

_MODULE: Final = "next_need"
_YEARS: Final = range(-1, 2)  # of the contacts, and two weeks ahead
_WAYS: Final = {
    "chosen": "chosen",
    "own_frequency": "what they answered most often",
    "popularity": "what most answer",
    "any": "all",
}


def when(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    closed: Annotated[
        list[str] | None, typer.Option("--closed", help="Kind of day, beside holidays, on which nobody is written to.")
    ] = None,
    language: LanguageOption = DEFAULT,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Say when and through which channel each customer answers best, and on which day to write: audited reads."""
    verify_out(out, use)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {CONTACTS} and {CUSTOMERS}, audited, and name channel, weekday, hour and next day a customer")
        return
    reader = Reader(principal=act.principal, module=_MODULE, use=use)
    seat = seat_of(act.hub.settings.country)
    holidays = seat.holidays([seat.today(act.hub.clock()).year + each for each in _YEARS])
    wish = Wish(closed=(HOLIDAY, *(closed or ())), holidays=holidays, zone=seat.zone, language=language)
    found = reaching(act.hub, reader, wish)
    give_rows(found.rows, found.released, out, form)
    _tell(found)


def _tell(found: Reaching) -> None:
    """Say beside the rows how good the choice is, and who is in none."""
    if found.released.prohibited_uses:
        say(f"Never to be used for: {', '.join(found.released.prohibited_uses)}.")
    told, basis = found.told, dict(found.rows["basis"].value_counts().iter_rows())
    own, segment, rest = (basis.get(one, 0) for one in ("own", "segment", "everybody"))
    say(
        f"{counted(found.rows.height, 'customer', 'customers')}: {own} by their own answers, {segment} by those of "
        f"their segment, {rest} by everybody's; {basis.get(None, 0)} may be written to through no channel."
    )
    say(f"Of {counted(told['contacts'], 'contact', 'contacts')} {_share(told['answered'])} were answered.")
    for one in told["ways"]:
        said = "; ".join(f"{words} {_share(one[way])}" for way, words in _WAYS.items())
        say(f"By {one['dimension']}, on the newest contacts: {said}.")
        if not one["holds"]:
            warn(f"choosing a {one['dimension']} has not shown itself better than any other: take it as a habit.")
    for one in told["positions"]:
        say(f"{one['position']}: {_share(one)} answered.")
    say("Contacts were not sent by lot: a share is what was. A plan is no leave to write; whoever writes asks again.")
    for because, count in sorted(found.released.absent.items(), key=lambda item: -item[1]):
        say(f"{counted(count, 'customer', 'customers')} absent: {because}")


def _share(told: dict[str, Any]) -> str:
    if not told["of"]:
        return "none"
    return f"{told['figure']:.1%} ({told['low']:.1%} to {told['high']:.1%}, of {told['of']:g})"
