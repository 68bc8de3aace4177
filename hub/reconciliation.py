"""Unwrapped keys against audited openings: whether anything was opened that the audit log does not tell.

Rules kept here:
- an act may unwrap at most as many keys as its entry says that it opens (one document, one key; refused rows share
  one);
- a key of a person's document that was unwrapped for no named act is a finding; lake files are read whole and decided
  row by row, so their keys are told and not compared;
- an opening whose count never came is told: its process was killed, or belongs to an older version.

What a process counts of itself is advisory. Where a key service holds the KEK, the calls that its own log has for
generation keys are evidence: more of them than all runs counted here means that somebody unwrapped elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    - `files`, `generations`: keys of lake files, and generation keys asked of the KEK, by all `runs`.
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

    @property
    def is_clean(self) -> bool:
        """Say whether every unwrapped key of a document is told by the log."""
        return not self.unaudited and not self.without_act


def reconcile(hub: Hub) -> Reconciliation:
    """Compare what all runs unwrapped with what the log says was opened; this run's counts are kept first."""
    with hub.accounted():
        pass
    with hub.reading() as session:
        tally, opened = kept_tally(session), openings(session)
    strength = Strength.ADVISORY if hub.settings.kek.scheme in _IN_PROCESS else Strength.EVIDENCE
    return compared(tally, opened, strength=strength)


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
