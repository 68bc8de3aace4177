"""Whether a person may be reached by a channel, for a purpose, now; and when they may be asked again.

GDPR Art. 5(1)(a), 6, 7(3), 21(2); Directive 2002/58/EC, Art. 13. Rules kept here:
- the purpose must permit and the channel must permit: neither stands in for the other;
- a channel that was refused or withdrawn from carries nothing; one that was objected to carries no direct marketing;
- a channel permits by consent that stands, or by a ground that the source declared for it: legitimate interests (Art.
  13(2) of the Directive for electronic mail to customers; recital 47 for letters) for any purpose, every other ground
  for what is not direct marketing; what is not known is a refusal;
- what the person stated about channel, hours and number of messages beats what was learned of them, and is a limit;
- after a refusal, withdrawal or objection nobody is asked for that consent again for six calendar months.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from privacy.consent import Head
from privacy.retention import last_day
from privacy.terms import ConsentAct, ConsentState, ContactChannel, LegalBasis

NO_ASKING_MONTHS: Final = 6
HOURS: Final = 24
_NO: Final = frozenset({ConsentState.REFUSED, ConsentState.WITHDRAWN})
_OWN_NO: Final = frozenset({ConsentAct.REFUSED, ConsentAct.WITHDRAWN})


class Unreached(StrEnum):
    """Why a person is not reached; these words stand in audit entries, so they are permanent."""

    SUPPRESSED = "suppressed"  # erased, or not there any more
    PURPOSE = "purpose"  # the purpose does not permit
    UNREADABLE = "channel_unreadable"
    RESTRICTED = "channel_restricted"  # Art. 18(2)
    REFUSED = "channel_refused"  # Art. 7(3)
    OBJECTED = "channel_objected"  # Art. 21(3)
    NO_GROUND = "channel_no_ground"  # Directive 2002/58/EC, Art. 13(1)
    OTHER_CHANNEL = "other_channel_wished"
    TOO_OFTEN = "too_often"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStanding:
    """Where a person stands for one channel; `declared` is the ground that their source declares for it, if any."""

    state: ConsentState
    objected: bool
    restricted: bool
    readable: bool
    declared: LegalBasis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision about one message is made of."""

    channel: ChannelStanding
    purpose_permits: bool
    suppressed: bool
    wished: bool
    often: bool
    in_hours: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """The person may be reached, on this ground for the channel."""

    ground: LegalBasis


@dataclass(frozen=True, slots=True)
class Spared:
    """The person may not be reached, and why."""

    because: Unreached


def decide_channel(standing: ChannelStanding, *, direct_marketing: bool) -> Reached | Spared:
    """Decide about the channel alone; the first refusal wins."""
    if not standing.readable:
        return Spared(Unreached.UNREADABLE)
    if standing.restricted:
        return Spared(Unreached.RESTRICTED)
    if standing.state in _NO:
        return Spared(Unreached.REFUSED)
    if standing.objected and direct_marketing:
        return Spared(Unreached.OBJECTED)
    if standing.state is ConsentState.GIVEN:
        return Reached(LegalBasis.CONSENT)
    enough = standing.declared not in {None, LegalBasis.CONSENT}  # declaring consent gives none
    if standing.declared is None or not enough:
        return Spared(Unreached.NO_GROUND)
    if direct_marketing and standing.declared is not LegalBasis.LEGITIMATE_INTERESTS:
        return Spared(Unreached.NO_GROUND)
    return Reached(standing.declared)


def decide_contact(situation: Situation, *, direct_marketing: bool) -> Reached | Spared:
    """Decide about one message: purpose and channel together, then what the person wishes."""
    if situation.suppressed:
        return Spared(Unreached.SUPPRESSED)
    if not situation.purpose_permits:
        return Spared(Unreached.PURPOSE)
    channel = decide_channel(situation.channel, direct_marketing=direct_marketing)
    if isinstance(channel, Spared):
        return channel
    if not situation.wished:
        return Spared(Unreached.OTHER_CHANNEL)
    if situation.often:
        return Spared(Unreached.TOO_OFTEN)
    return channel if situation.in_hours else Spared(Unreached.OUTSIDE_HOURS)


def channel_standings() -> Iterator[ChannelStanding]:
    """Enumerate every standing of a channel there is."""
    flags = product((False, True), repeat=3)
    for state, (objected, restricted, readable), declared in product(ConsentState, list(flags), (None, *LegalBasis)):
        yield ChannelStanding(
            state=state, objected=objected, restricted=restricted, readable=readable, declared=declared
        )


def channel_rows(*, direct_marketing: bool) -> list[dict[str, str | bool | None]]:
    """Write `decide_channel` out over every standing, for the batch path to join.

    Columns: the fields of `ChannelStanding`, `ground` (null where spared) and `because` (null where reached).
    """
    rows: list[dict[str, str | bool | None]] = []
    for standing in channel_standings():
        answer = decide_channel(standing, direct_marketing=direct_marketing)
        rows.append(
            {
                "state": standing.state.value,
                "objected": standing.objected,
                "restricted": standing.restricted,
                "readable": standing.readable,
                "declared": None if standing.declared is None else standing.declared.value,
                "ground": answer.ground.value if isinstance(answer, Reached) else None,
                "because": answer.because.value if isinstance(answer, Spared) else None,
            }
        )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWish:
    """How a person wants to be reached, as stated or as learned; an empty field says nothing.

    Hours are of the clock in `time_zone`: from `hour_from` (0 to 23) up to before `hour_to` (1 to 24), over midnight
    where the first is the greater. At most `at_most` messages in `per_days` days; none at all is 0.

    Raises:
        ValueError: hours without a clock, or a number without a period; or what no clock or calendar has.

    """

    channels: frozenset[ContactChannel] = frozenset()
    hour_from: int | None = None
    hour_to: int | None = None
    time_zone: str = ""
    at_most: int | None = None
    per_days: int | None = None

    def __post_init__(self) -> None:
        if (self.hour_from is None) is not (self.hour_to is None) or (self.hour_from is None) is not (
            not self.time_zone
        ):
            raise ValueError("hours need a beginning, an end and a time zone")
        if self.hour_from is not None and self.hour_to is not None:
            ZoneInfo(self.time_zone)
            if not (0 <= self.hour_from < HOURS and 0 < self.hour_to <= HOURS and self.hour_from != self.hour_to):
                raise ValueError("hours are 0 to 24, and an hour at least")
        if (self.at_most is None) is not (self.per_days is None):
            raise ValueError("a number of messages needs a number of days")
        if self.at_most is not None and self.per_days is not None and (self.at_most < 0 or self.per_days < 1):
            raise ValueError("at most so many messages, 0 or more, in so many days, 1 or more")

    def admits_channel(self, channel: ContactChannel) -> bool:
        """Say whether a channel is wished, or nothing was said of channels."""
        return not self.channels or channel in self.channels

    def admits_instant(self, at: datetime) -> bool:
        """Say whether an instant lies in the hours, or nothing was said of hours."""
        if self.hour_from is None or self.hour_to is None:
            return True
        hour = at.astimezone(ZoneInfo(self.time_zone)).hour
        if self.hour_from < self.hour_to:
            return self.hour_from <= hour < self.hour_to
        return hour >= self.hour_from or hour < self.hour_to


def preferred(stated: ContactWish, learned: ContactWish) -> ContactWish:
    """Let what was stated beat what was learned, field by field: learning fills what the person left open."""
    hours = stated if stated.hour_from is not None else learned
    number = stated if stated.at_most is not None else learned
    return ContactWish(
        channels=stated.channels or learned.channels,
        hour_from=hours.hour_from,
        hour_to=hours.hour_to,
        time_zone=hours.time_zone,
        at_most=number.at_most,
        per_days=number.per_days,
    )


def ask_not_before(heads: Iterable[Head], zone: tzinfo) -> date | None:
    """Return the last day on which a person may not be asked for a consent; None if nothing stands in the way.

    Days are those of the clock on the wall in `zone`, at the controller's seat.

    `heads` are those of all of the person's records, for the purpose and for every purpose: the latest no counts.
    """
    noes = [at for head in heads for at in _noes(head)]
    return max((last_day(at.astimezone(zone).date(), months=NO_ASKING_MONTHS) for at in noes), default=None)


def may_ask(heads: Iterable[Head], zone: tzinfo, *, on: date) -> bool:
    """Say whether a person may be asked on a day of `zone`; the last day of the six months still counts."""
    until = ask_not_before(heads, zone)
    return until is None or on > until


def _noes(head: Head) -> Iterator[datetime]:
    """Yield when the person refused, withdrew or objected, unless they have said otherwise since."""
    mark = head.standing_mark
    if mark is not None and mark.act in _OWN_NO:
        yield mark.at
    if head.objected and head.objected_at is not None:
        yield head.objected_at
