"""Consent as history: acts are appended, where they lead is folded (GDPR Art. 4(11), 7; ISO/IEC TS 27560).

Rules kept here:
- an act counts from its own instant; at the same instant the act that favours the person wins;
- consent, objection (Art. 21) and restriction (Art. 18) are axes of their own: giving consent lifts neither
  of the others;
- a request changes nothing but `unknown`: asking again neither revives nor ends a consent;
- expiry and invalidation end a consent that was given; they never take the place of somebody's no;
- **an import never overrides a person's own no**: while the last act on consent that did not come from an
  import is a refusal or a withdrawal, no imported act counts, however late its date. A no that itself was
  imported yields to a later imported yes: both are what one source says of its own record (records are per
  source, so sources never overwrite each other);
- an import may object or restrict, it may never lift: lifting is done by the person or by the DPO;
- consent given `until` an instant has expired at that instant.

`fold` is the rule written plainly over a whole history; `head_after` is the same rule one act at a time. A
`Head` keeps just enough for acts to arrive in any order, any number of times, and still lead to the same
place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from privacy.terms import ActChannel, ConsentAct, ConsentState

STATE_AFTER: Final = {
    ConsentAct.GIVEN: ConsentState.GIVEN,
    ConsentAct.RENEWED: ConsentState.GIVEN,
    ConsentAct.EXPIRED: ConsentState.EXPIRED,
    ConsentAct.INVALIDATED: ConsentState.INVALIDATED,
    ConsentAct.REFUSED: ConsentState.REFUSED,
    ConsentAct.REVOKED: ConsentState.WITHDRAWN,  # W3C DPV: ended by somebody else than the person
    ConsentAct.WITHDRAWN: ConsentState.WITHDRAWN,
}
"""Where an act on the consent axis leads."""

_RANK: Final = {act: rank for rank, act in enumerate(STATE_AFTER)}  # later in the table wins a tie: it restricts more
_NO: Final = frozenset({ConsentAct.REFUSED, ConsentAct.REVOKED, ConsentAct.WITHDRAWN})
_NO_STATES: Final = frozenset(STATE_AFTER[act] for act in _NO)
_YES: Final = frozenset({ConsentAct.GIVEN, ConsentAct.RENEWED})
_INFORMED: Final = _YES | {ConsentAct.REQUESTED}
_ENDS: Final = frozenset({ConsentAct.EXPIRED, ConsentAct.INVALIDATED})
_LIFTS: Final = frozenset({ConsentAct.OBJECTION_LIFTED, ConsentAct.RESTRICTION_LIFTED})
_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One act on one record and one purpose (or on every purpose); the ledger row holds who and the evidence.

    `at` is when the person acted, not when we heard of it. `notice_version` names the text that was shown (see
    `notice_shown`), `until` the instant at which a consent that was given lapses by itself.

    Raises:
        ValueError: an instant without a time zone, or an `until` that is not after `at` or not on a yes.

    """

    act: ConsentAct
    at: datetime
    channel: ActChannel
    notice_version: str | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError("a consent event needs instants with a time zone")
        if self.until is not None and (self.act not in _YES or self.until <= self.at):
            raise ValueError("`until` belongs to consent that was given, and comes after it")


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a record stands for a purpose at an instant, before any rule about the purpose is applied.

    `notice_version` and `until` speak of the consent that was given and are None in every other state.
    """

    state: ConsentState = ConsentState.UNKNOWN
    objected: bool = False
    restricted: bool = False
    notice_version: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest act of one kind: a yes or no by the person, one by an import, or an end by time or invalidity."""

    act: ConsentAct
    at: datetime
    notice_version: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """All that a history comes down to; `Head()` is the head of no history at all."""

    own: Mark | None = None
    imported: Mark | None = None
    ended: Mark | None = None
    requested_at: datetime | None = None
    objected_at: datetime | None = None
    objection_lifted_at: datetime | None = None
    restricted_at: datetime | None = None
    restriction_lifted_at: datetime | None = None

    @property
    def standing_mark(self) -> Mark | None:
        """The act on consent that counts: the person's own no, else the latest yes or no, unless it has ended."""
        if self.own is not None and self.own.act in _NO:
            return self.own
        said = _latest(self.own, self.imported)
        return said if said is not None and said.act in _NO else _latest(said, self.ended)

    @property
    def objected(self) -> bool:
        """Whether an objection stands; lifted at the very instant of a new one, it stands."""
        return _stands(self.objected_at, self.objection_lifted_at)

    @property
    def restricted(self) -> bool:
        """Whether a restriction stands; lifted at the very instant of a new one, it stands."""
        return _stands(self.restricted_at, self.restriction_lifted_at)


def notice_shown(act: ConsentAct, notice: str | None) -> str | None:
    """Return the notice that an act may name: asking and agreeing are done with a text in hand, a no needs none.

    Nobody is shown a text before they withdraw or object (Article 7(3), 21), so such an act claims none, however it
    came; it is then the same fact after a restore, whose ledger knows of no texts.
    """
    return notice if act in _INFORMED else None


def fold(events: Iterable[ConsentEvent], *, at: datetime) -> Axes:
    """Fold one record's history for one purpose into where it stands at `at`; acts after it are not yet known."""
    axes, last_own = Axes(), None
    for event in sorted((e for e in events if e.at <= at), key=precedence):
        imported = event.channel is ActChannel.IMPORT
        if event.act in _YES | _NO:
            if imported and last_own in _NO:
                continue
            last_own = last_own if imported else event.act
        axes = _axes_after(axes, event)
    return _lapsed(axes, at=at)


def head_after(head: Head, event: ConsentEvent) -> Head:
    """Take one more act into a head, whatever the order in which acts arrive; twice is the same as once."""
    imported = event.channel is ActChannel.IMPORT
    if event.act in STATE_AFTER:
        mark = Mark(event.act, event.at, event.notice_version, event.until)
        if event.act in _ENDS:
            return replace(head, ended=_latest(head.ended, mark))
        if imported:
            return replace(head, imported=_latest(head.imported, mark))
        return replace(head, own=_latest(head.own, mark))
    return head if imported and event.act in _LIFTS else _dated(head, event)


def hears(head: Head, event: ConsentEvent) -> bool:
    """Say whether an act that a head has taken in counts there: no act of a later date hides it."""
    alone = head_after(Head(), event)
    said = {each.name: value for each in fields(Head) if (value := getattr(alone, each.name)) is not None}
    if not all(getattr(head, name) == value for name, value in said.items()):
        return False
    match event.act:
        case ConsentAct.OBJECTED | ConsentAct.OBJECTION_LIFTED:
            return head.objected is (event.act is ConsentAct.OBJECTED)
        case ConsentAct.RESTRICTED | ConsentAct.RESTRICTION_LIFTED:
            return head.restricted is (event.act is ConsentAct.RESTRICTED)
        case _:
            return True


def axes_of(head: Head, *, at: datetime) -> Axes:
    """Say where a head stands at `at`, which is not before any act it has taken in."""
    mark = head.standing_mark
    if mark is None:
        state = ConsentState.UNKNOWN if head.requested_at is None else ConsentState.REQUESTED
        return Axes(state, head.objected, head.restricted)
    return _lapsed(Axes(STATE_AFTER[mark.act], head.objected, head.restricted, mark.notice_version, mark.until), at=at)


def precedence(act: ConsentEvent | Mark) -> tuple[datetime, int, timedelta, bool, str]:
    """Order acts so that the last one counts: by instant, then whatever favours the person.

    Two yeses at one instant: the one that lapses first, then the one without a notice; the order is total,
    so that a head does not depend on the order of arrival.
    """
    rank = _RANK.get(act.act, 0 if act.act in _LIFTS else 1)
    lapses_before = _FOR_EVER - (act.until or _FOR_EVER)
    return act.at, rank, lapses_before, act.notice_version is None, act.notice_version or ""


def _dated(head: Head, event: ConsentEvent) -> Head:
    """Note the latest instant of an act that is no consent: objection, restriction, their lifting, a request."""
    match event.act:
        case ConsentAct.OBJECTED:
            return replace(head, objected_at=_later(head.objected_at, event.at))
        case ConsentAct.OBJECTION_LIFTED:
            return replace(head, objection_lifted_at=_later(head.objection_lifted_at, event.at))
        case ConsentAct.RESTRICTED:
            return replace(head, restricted_at=_later(head.restricted_at, event.at))
        case ConsentAct.RESTRICTION_LIFTED:
            return replace(head, restriction_lifted_at=_later(head.restriction_lifted_at, event.at))
        case _:  # requested: the only act left
            return replace(head, requested_at=_later(head.requested_at, event.at))


def _axes_after(axes: Axes, event: ConsentEvent) -> Axes:
    """Apply one act in its turn."""
    if event.act in _LIFTS and event.channel is ActChannel.IMPORT:
        return axes
    match event.act:
        case ConsentAct.OBJECTED | ConsentAct.OBJECTION_LIFTED:
            return replace(axes, objected=event.act is ConsentAct.OBJECTED)
        case ConsentAct.RESTRICTED | ConsentAct.RESTRICTION_LIFTED:
            return replace(axes, restricted=event.act is ConsentAct.RESTRICTED)
        case ConsentAct.REQUESTED:
            unasked = axes.state is ConsentState.UNKNOWN
            return replace(axes, state=ConsentState.REQUESTED) if unasked else axes
        case ConsentAct.EXPIRED | ConsentAct.INVALIDATED if axes.state in _NO_STATES:
            return axes
        case act:
            state = STATE_AFTER[act]
            return replace(axes, state=state, notice_version=event.notice_version, until=event.until)


def _lapsed(axes: Axes, *, at: datetime) -> Axes:
    """Let consent given until an instant expire, and keep notice and end of a standing consent only."""
    if axes.state is not ConsentState.GIVEN:
        return replace(axes, notice_version=None, until=None)
    if axes.until is not None and axes.until <= at:
        return Axes(ConsentState.EXPIRED, axes.objected, axes.restricted)
    return axes


def _latest(known: Mark | None, new: Mark | None) -> Mark | None:
    return max((mark for mark in (known, new) if mark is not None), key=precedence, default=None)


def _later(known: datetime | None, new: datetime) -> datetime:
    return new if known is None else max(known, new)


def _stands(made: datetime | None, lifted: datetime | None) -> bool:
    return made is not None and (lifted is None or made >= lifted)
