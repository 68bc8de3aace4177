"""A history of choices and reads, and the rule it must keep: whoever was out before a read began is not in it.

Each person is driven by one client, so that her choices are in order; reads run beside them. What is certain about a
person during a read: the last choice that was acknowledged before the read began stands, unless another one began
before the read ended. An unknown outcome (no answer) leaves it open until the next acknowledged choice.

- stale: certainly out, and yet returned (the invariant);
- lost: certainly in, and yet absent (a lost update, or a store that forgets; it also shows that reads see anything);
- reordered: a later choice was given an earlier epoch.

Bisection per person: O(n log n) in choices, and one look-up for each person of each read.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Chose:
    """One choice; instants are monotonic nanoseconds of one machine.

    `acknowledged` is False where no answer came; `epoch` is None where the choice stood already and wrote none.
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
class Violation:
    """What was seen that must not be."""

    kind: str
    person: int
    at: int


@dataclass
class Verdict:
    """Operations, how many (read, person) pairs were certain, and the violations."""

    operations: int = 0
    certain: int = 0
    violations: list[Violation] = field(default_factory=list)


@dataclass(frozen=True)
class _Life:
    """The choices of one person in order."""

    choices: list[Chose]

    def certain(self, read: Read) -> bool | None:
        """Say whether the person is certainly in or out during a read; None if it is open. At first all are in."""
        before = bisect_left(self.choices, read.started, key=lambda choice: choice.ended)
        begun = bisect_left(self.choices, read.ended, key=lambda choice: choice.started)
        if begun > before:
            return None
        if before == 0:
            return True
        last = self.choices[before - 1]
        return last.present if last.acknowledged else None


def check(choices: Iterable[Chose], reads: Iterable[Read], people: int) -> Verdict:
    """Hold a history against the rule."""
    verdict, by_person = Verdict(), defaultdict[int, list[Chose]](list)
    for choice in sorted(choices, key=lambda c: c.started):
        by_person[choice.person].append(choice)
        verdict.operations += 1
    lives = [_Life(by_person[person]) for person in range(people)]
    for read in reads:
        verdict.operations += 1
        for person, life in enumerate(lives):
            present = life.certain(read)
            if present is None:
                continue
            verdict.certain += 1
            if present is not (person in read.seen):
                verdict.violations.append(Violation("lost" if present else "stale", person, read.started))
    verdict.violations.extend(_reordered([c for life in lives for c in life.choices if c.epoch is not None]))
    return verdict


def _reordered(acknowledged: list[Chose]) -> Iterable[Violation]:
    """Find a choice that began after another had ended, and yet has no greater epoch: one sweep in order of time."""
    ended = sorted(acknowledged, key=lambda c: c.ended)
    greatest, at = 0, 0
    for choice in sorted(acknowledged, key=lambda c: c.started):
        while at < len(ended) and ended[at].ended < choice.started:
            greatest, at = max(greatest, ended[at].epoch or 0), at + 1
        if (choice.epoch or 0) <= greatest:
            yield Violation("reordered", choice.person, choice.started)
