"""Whether what is outside allows reading for purposes that a forgotten withdrawal would break (design: invariant 6).

Rules kept here:
- where no readable anchor is configured the hub is open, and `varde doctor` says that an old restore cannot be noticed;
- an anchor that keeps more than we have, another history, or does not answer, closes the purposes that rest on consent
  or are direct marketing: a restored database may have forgotten a withdrawal or an objection;
- a log that was begun after a restore stays closed until the DPO confirms the gap;
- a confirmation of an anchor that does not answer runs out; a confirmed gap stays confirmed.

Pure: sightings, confirmations and the instant in, a standing out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.anchors.anchor import Outcome, Sighting
from hub.errors import AccessRefused
from privacy.purposes import Purpose
from privacy.terms import LegalBasis


class Because(StrEnum):
    """Why consent-based purposes and marketing are closed."""

    ROLLED_BACK = "log_is_behind_its_anchor"
    CONTRADICTED = "log_contradicts_its_anchor"
    UNREACHABLE = "anchor_does_not_answer"


@dataclass(frozen=True, slots=True)
class Open:
    """Nothing outside speaks against reading."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Purposes on consent and direct marketing are closed."""

    because: Because


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the DPO confirmed of a log; `until` is None where it does not run out."""

    log: int
    because: Because
    until: datetime | None = None


_BECAUSE: Final[Mapping[Outcome, Because]] = {
    Outcome.AHEAD: Because.ROLLED_BACK,
    Outcome.CONTRADICTED: Because.CONTRADICTED,
    Outcome.REFUSED: Because.UNREACHABLE,
    Outcome.UNREACHABLE: Because.UNREACHABLE,
}
_REMEDY: Final = "The DPO looks at `varde audit anchors`, then restores a newer backup or runs `varde audit accept-gap`"


def standing_of(
    seen: Mapping[str, Sighting], *, log: int, confirmed: Iterable[Confirmation], at: datetime
) -> Open | Closed:
    """Decide from what every readable anchor said of the present log; the gravest reason wins.

    `log` is the number of the present log: each one after the first was begun because an anchor knew more.
    """
    standing = {(each.log, each.because) for each in confirmed if each.until is None or at < each.until}
    reasons = {_BECAUSE[sighting.outcome] for sighting in seen.values() if sighting.outcome in _BECAUSE}
    open_gaps = {begun for begun in range(1, log + 1) if not _confirmed(begun, standing)}
    if open_gaps:
        return Closed(Because.ROLLED_BACK)
    for because in (Because.ROLLED_BACK, Because.CONTRADICTED, Because.UNREACHABLE):
        if because in reasons and (log, because) not in standing:
            return Closed(because)
    return Open()


def verify_open(standing: Open | Closed, purpose: Purpose) -> None:
    """Refuse a purpose that a forgotten withdrawal or objection would break, while the hub is closed.

    Raises:
        AccessRefused: names the reason and what the DPO can do.

    """
    breakable = purpose.legal_basis is LegalBasis.CONSENT or purpose.direct_marketing
    if isinstance(standing, Closed) and breakable:
        raise AccessRefused(standing.because, _REMEDY)


def _confirmed(log: int, standing: set[tuple[int, Because]]) -> bool:
    return bool({(log, Because.ROLLED_BACK), (log, Because.CONTRADICTED)} & standing)
