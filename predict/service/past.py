"""Cases a day, as far as they are known."""

from dataclasses import dataclass
from datetime import date, timedelta

from predict.frames import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Cases a day from `first` on, without a gap, and the days that are holidays, of the past and to come."""

    first: date
    counts: Vector
    holidays: frozenset[date]

    @property
    def height(self) -> int:
        """Say how many days there are."""
        return int(self.counts.size)

    def until(self, height: int) -> "Past":
        """Forget what came after so many days."""
        return Past(first=self.first, counts=self.counts[:height], holidays=self.holidays)

    def days(self, ahead: int = 0) -> list[date]:
        """List the days, and so many after them."""
        return [self.first + timedelta(days=number) for number in range(self.height + ahead)]
