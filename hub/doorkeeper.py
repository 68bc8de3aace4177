"""What a process remembers of those who knocked, so that knocking costs neither a write nor an entry each time.

Bounded: an hour a principal and channel, a count a kind of denied attempt. What it counted is told with the next entry
of the kind, or when it is asked for what is due.
"""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from privacy.store.attempt import WINDOW, DenialKind
from privacy.terms import PrincipalId


@dataclass(slots=True)
class _Count:
    since: datetime
    untold: int = 0


@dataclass(slots=True)
class Doorkeeper:
    """The memory of one process; safe to be asked from any thread."""

    _hours: dict[tuple[PrincipalId, str], datetime] = field(default_factory=dict)
    _denied: dict[DenialKind, _Count] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def saw(self, principal: PrincipalId, channel: str, hour: datetime) -> bool:
        """Say whether the login of this hour was noted by this process."""
        return self._hours.get((principal, channel)) == hour

    def remember(self, principal: PrincipalId, channel: str, hour: datetime) -> None:
        """Remember that the login of this hour is noted."""
        self._hours[principal, channel] = hour

    def count(self, kind: DenialKind, *, at: datetime) -> int:
        """Count a denied attempt; return how many to tell now, 0 while the minute's entry stands."""
        with self._lock:
            known = self._denied.get(kind)
            if known is not None and at - known.since < WINDOW:
                known.untold += 1
                return 0
            self._denied[kind] = _Count(at)
            return 1 + (0 if known is None else known.untold)

    def keep(self, kind: DenialKind, attempts: int, *, at: datetime) -> None:
        """Take back attempts that could not be told."""
        with self._lock:
            self._denied.setdefault(kind, _Count(at)).untold += attempts

    def due(self, *, at: datetime) -> list[tuple[DenialKind, int]]:
        """Take the counts whose minute is over, and forget kinds of which there is nothing more to tell."""
        with self._lock:
            over = {kind: known for kind, known in self._denied.items() if at - known.since >= WINDOW}
            for kind in over:
                del self._denied[kind]
        return [(kind, known.untold) for kind, known in over.items() if known.untold]
