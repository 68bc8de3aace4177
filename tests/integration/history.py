"""A history of choices and reads over several processes, and the rule it must keep: 0 s staleness, nothing lost.

What was written, in its order, is known from the ledger afterwards: each choice that took effect has an epoch. So
every person is a register whose versions are known, several clients may drive one person, and a choice that was never
answered takes its place too. A version is certainly in force once it, or a later one, was acknowledged; it may be in
force once whoever chose it had begun. A read may show any version between those that were certain before it began and
those that may have been in force before it ended, and none before what an earlier read has shown. What breaks the rule:

- stale: returned, though only versions that are out were possible (the invariant);
- lost: absent, though only versions that are in were possible (it also shows that reads see anything at all);
- forgotten: acknowledged, and not in the ledger;
- doubled: two choices of a person were given one epoch: one overwrote the other;
- reordered: a choice that began after another was acknowledged has the smaller epoch;
- unasked: the ledger holds what nobody chose.

Two bisections and one step of a heap for each person of each read: O(n log n).
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate
from typing import Final

_EVER: Final = float("inf")


@dataclass(frozen=True)
class Chose:
    """One choice; instants are monotonic nanoseconds of one machine.

    `acknowledged` is False where no answer came; `epoch` is None there, and where the choice stood already.
    """

    person: int
    present: bool
    started: int
    ended: int
    epoch: int | None
    acknowledged: bool = True


@dataclass(frozen=True)
class Read:
    """One read and the persons it returned."""

    started: int
    ended: int
    seen: frozenset[int]


@dataclass(frozen=True)
class Written:
    """A choice as the ledger holds it."""

    person: int
    present: bool
    epoch: int


@dataclass(frozen=True)
class Violation:
    """What was seen that must not be."""

    kind: str
    person: int
    at: float


@dataclass
class Verdict:
    """What was checked, and the violations.

    `operations`: reads and acknowledged choices; `unanswered`: choices whose answer never came; `pairs`: a person of a
    read each; `certain`: those of them that could be right in one way only.
    """

    operations: int = 0
    unanswered: int = 0
    pairs: int = 0
    certain: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        """The kinds of violation that were found."""
        return {violation.kind for violation in self.violations}


@dataclass(frozen=True)
class _Observation:
    """Somebody saw a person in or out."""

    started: int
    ended: int
    present: bool


class _Life:
    """The versions of one person: at first all are in."""

    def __init__(self, person: int, written: Sequence[Written], choices: Sequence[Chose]) -> None:
        self._person, self.violations = person, list[Violation]()
        written = sorted(written, key=lambda one: one.epoch)
        told = self._acknowledged(written, choices)
        own = [-_EVER, *self._beginnings(written, told, choices)]
        certain = [-_EVER, *(told[one.epoch].ended if one.epoch in told else _EVER for one in written)]
        self._present = [True, *(one.present for one in written)]
        self._may = list(accumulate(own, max))
        self._is = list(accumulate(reversed(certain), min))[::-1]
        for began, later in zip(own[:-1], self._is[1:], strict=True):
            if began > later:
                self._found("reordered", began)

    def check(self, observations: Iterable[_Observation]) -> Iterator[bool]:
        """Hold observations against the versions; say of each whether it could be right in one way only."""
        over: list[tuple[int, int]] = []
        floor = 0
        for seen in sorted(observations, key=lambda one: one.started):
            while over and over[0][0] < seen.started:
                floor = max(floor, heappop(over)[1])
            first = max(floor, bisect_left(self._is, seen.started) - 1)
            possible = self._present[first : bisect_left(self._may, seen.ended)]
            if seen.present in possible:
                heappush(over, (seen.ended, first + possible.index(seen.present)))
            else:
                self._found("stale" if seen.present else "lost", seen.started)
            yield not (True in possible and False in possible)

    def _acknowledged(self, written: Sequence[Written], choices: Sequence[Chose]) -> dict[int, Chose]:
        """Return who was told an epoch, by epoch; each must be in the ledger as it was told, and once."""
        held = {one.epoch: one.present for one in written}
        told: dict[int, Chose] = {}
        for choice in choices:
            if choice.epoch is None:
                continue
            if choice.epoch in told:
                self._found("doubled", choice.started)
            if held.get(choice.epoch) is not choice.present:
                self._found("forgotten", choice.started)
            told[choice.epoch] = choice
        return told

    def _beginnings(
        self, written: Sequence[Written], told: dict[int, Chose], choices: Sequence[Chose]
    ) -> Iterator[float]:
        """Say since when each version may be in force; the nth that nobody was told, since the nth unanswered began."""
        unanswered = {
            present: iter(sorted(c.started for c in choices if not c.acknowledged and c.present is present))
            for present in (True, False)
        }
        for one in written:
            began: float | None = told[one.epoch].started if one.epoch in told else next(unanswered[one.present], None)
            if began is None:
                self._found("unasked", one.epoch)
            yield -_EVER if began is None else began

    def _found(self, kind: str, at: float) -> None:
        self.violations.append(Violation(kind, self._person, at))


def check(choices: Sequence[Chose], reads: Sequence[Read], written: Iterable[Written], people: int) -> Verdict:
    """Hold a history against the rule."""
    counted = Counter(choice.acknowledged for choice in choices)
    verdict = Verdict(len(reads) + counted[True], counted[False])
    by_person, ledger = defaultdict[int, list[Chose]](list), defaultdict[int, list[Written]](list)
    for choice in choices:
        by_person[choice.person].append(choice)
    for one in written:
        ledger[one.person].append(one)
    for person in range(people):
        mine = by_person[person]
        life = _Life(person, ledger[person], mine)
        # A choice that stood already has seen how the person stands.
        stood = [c for c in mine if c.acknowledged and c.epoch is None]
        seen = [_Observation(c.started, c.ended, c.present) for c in stood]
        seen += [_Observation(read.started, read.ended, person in read.seen) for read in reads]
        verdict.certain += sum(life.check(seen))
        verdict.pairs += len(seen)
        verdict.violations += life.violations
    return verdict
