"""Unwrapped keys against audited openings: whether anything was opened that the audit log does not tell.

Rules kept here:
- an act may unwrap at most as many keys as its entry says that it opens (one document, one key; refused rows share
  one);
- a key of a person's document that was unwrapped for no named act is a finding; lake files are read whole and decided
  row by row, so their keys are told and not compared;
- an opening whose count never came is told: its process was killed, or belongs to an older version.

A period compares the acts that the log dates within it. Runs are dated by when their counts were kept, and a count is
one sum for a whole run: keys of files, generation keys and keys without an act are told for every run that was at work
in the period, and how many of those runs (`spanning`) worked outside of it, too.

What a process counts of itself is advisory. Where a key service holds the KEK, the calls that its own log has for
generation keys are evidence: more of them than all runs counted here means that somebody unwrapped elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.compose import Hub
from hub.keystore.unwraps import DOCUMENTS, FILES, GENERATION, UNNAMED
from hub.settings import KekScheme
from privacy.store.unwrap import Unwrapped, kept_tally, openings

_IN_PROCESS: Final = frozenset({KekScheme.FILE, KekScheme.ENVIRONMENT})


class Strength(StrEnum):
    """What the count is worth."""

    ADVISORY = "advisory"  # the KEK is in the process: nobody else counts
    EVIDENCE = "evidence"  # a key service logs every generation key that it unwraps


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was opened by the log, and what was unwrapped by the tally.

    - `acts`: acts that the log tells; `opened`: how many documents they said, `unwrapped`: keys counted for them;
    - `unaudited`: keys beyond what their act said; `without_act`: keys of documents unwrapped for no named act;
    - `uncounted`: acts that opened something and whose count never came;
    - `files`, `generations`: keys of lake files, and generation keys asked of the KEK, by all `runs`; `spanning` of
      them also worked outside the period, or nobody knows when, so that their counts say too much of it.
    """

    strength: Strength
    acts: int
    opened: int
    unwrapped: int
    unaudited: int
    without_act: int
    uncounted: int
    files: int
    generations: int
    runs: int
    spanning: int = 0

    @property
    def is_clean(self) -> bool:
        """Say whether every unwrapped key of a document is told by the log."""
        return not self.unaudited and not self.without_act


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, to before `end`; None is without limit."""

    start: datetime | None = None
    end: datetime | None = None

    def meets(self, each: Unwrapped) -> bool:
        """Say whether a count was, or may have been, kept within the period."""
        begun_too_late = self.end is not None and each.first_at is not None and each.first_at >= self.end
        ended_too_early = self.start is not None and each.last_at is not None and each.last_at < self.start
        return not begun_too_late and not ended_too_early

    def holds(self, each: Unwrapped) -> bool:
        """Say whether all of a count was kept within the period."""
        begun = self.start is None or (each.first_at is not None and each.first_at >= self.start)
        return begun and (self.end is None or (each.last_at is not None and each.last_at < self.end))


ALWAYS: Final = Period()


def reconcile(hub: Hub, period: Period = ALWAYS) -> Reconciliation:
    """Compare what all runs unwrapped with what the log says was opened; this run's counts are kept first."""
    with hub.accounted():
        pass
    with hub.reading() as session:
        tally, ever = kept_tally(session), openings(session)
        opened = openings(session, since=period.start, before=period.end)
    strength = Strength.ADVISORY if hub.settings.kek.scheme in _IN_PROCESS else Strength.EVIDENCE
    elsewhere = ever.keys() - opened.keys()
    within = [each for each in tally if each.act_id in opened or (each.act_id not in elsewhere and period.meets(each))]
    spanning = {each.run_id for each in within if each.act_id not in opened and not period.holds(each)}
    return replace(compared(within, opened, strength=strength), spanning=len(spanning))


def compared(tally: Iterable[Unwrapped], opened: Mapping[bytes, int], *, strength: Strength) -> Reconciliation:
    """Compare a tally with the number of documents that each act said it opens."""
    tally = list(tally)
    by_act: Counter[bytes] = Counter()
    by_kind: Counter[str] = Counter()
    for each in tally:
        by_kind[each.kind] += each.count
        if each.kind in DOCUMENTS:
            by_act[each.act_id] += each.count
    without_act = by_act.pop(UNNAMED, 0)
    return Reconciliation(
        strength=strength,
        acts=len(opened),
        opened=sum(opened.values()),
        unwrapped=sum(by_act.values()),
        unaudited=sum(max(0, count - opened.get(act, 0)) for act, count in by_act.items()),
        without_act=without_act,
        uncounted=sum(act not in by_act for act, count in opened.items() if count),
        files=by_kind[FILES],
        generations=by_kind[GENERATION],
        runs=len({each.run_id for each in tally}),
    )
