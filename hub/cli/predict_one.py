"""`varde predict score MODULE --one PSEUDONYM`: one customer's score from the online read."""

import sys

from hub.cli.invocation import Acting
from hub.cli.message import say
from hub.cli.pseudonym import pseudonym_from
from hub.cli.table import Format, Table, show, show_json
from hub.predictions.single import Single, score_one
from hub.views.intent import Reader

_COLUMNS = ("pseudonym", "as_of", "probability", "low", "high", "reason_1", "reason_2", "reason_3")


def show_one(act: Acting, who: Reader, module: str, asked: tuple[str, str], form: Format | None) -> None:
    """Score a pseudonym in a language, and print it; nothing is kept.

    Raises:
        BadParameter: the pseudonym is none.

    """
    pseudonym, language = asked
    found = score_one(act.hub, who, module, pseudonym_from(pseudonym), language=language)
    if found is None:
        say("Nobody of this pseudonym may be read.")
        return
    told = dict(zip(_COLUMNS, _row(found), strict=True))
    if form is Format.JSON:
        show_json(told)
    else:
        show(Table(_COLUMNS, [_row(found)]), form or (Format.TABLE if sys.stdout.isatty() else Format.CSV))
    say(f"As of {found.as_of:%Y-%m-%d}, good until {found.expires_at:%Y-%m-%d}; bands compare customers, in a batch.")
    if found.prohibited_uses:
        say(f"Never to be used for: {', '.join(found.prohibited_uses)}.")


def _row(found: Single) -> tuple[object, ...]:
    reasons = [*found.reasons, "", "", ""][:3]
    return (found.pseudonym.hex(), found.as_of, found.probability, found.low, found.high, *reasons)
