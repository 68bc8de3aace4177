"""How many keys this process has unwrapped, by kind and act: what `varde audit reconcile` compares with the audit log.

A count that a process keeps of itself is a hint, not a proof: code that runs in it could leave itself out. Where a key
service holds the KEK its own log counts the unwrapping of key generations, and that is evidence (ADR 27).
"""

from collections import Counter
from collections.abc import Iterable
from threading import Lock
from typing import Final

from privacy.keys import NO_ACT, Key, KeyKind
from privacy.store.unwrap import Unwrapped
from privacy.terms import random_id

DOCUMENTS: Final = frozenset({KeyKind.RECORD.value, KeyKind.GOLDEN.value, KeyKind.INSTANCE.value})
"""Kinds of keys that open something about one person: each is unwrapped for an act that the audit log names."""

FILES: Final = KeyKind.FILE.value
UNNAMED: Final = NO_ACT
GENERATION: Final = "generation"
"""Stands where a data key's kind does, for a key generation that the KEK unwrapped."""


class Unwraps:
    """The counts of one run of a process; safe to be asked from any thread."""

    def __init__(self) -> None:
        self.run_id = random_id()
        self._counts: Counter[tuple[str, bytes]] = Counter()
        self._kept: Counter[tuple[str, bytes]] = Counter()
        self._lock = Lock()

    def count(self, keys: Iterable[Key], act_id: bytes) -> None:
        """Count data keys that were unwrapped for an act."""
        with self._lock:
            self._counts.update((key.kind.value, act_id) for key in keys)

    def count_generation(self) -> None:
        """Count a key generation that the KEK was asked to unwrap."""
        with self._lock:
            self._counts[GENERATION, NO_ACT] += 1

    def due(self) -> list[Unwrapped]:
        """Return the counts that rose since they were last kept, each with its whole sum: keeping twice is harmless."""
        with self._lock:
            risen = [(place, count) for place, count in self._counts.items() if count > self._kept[place]]
        return [Unwrapped(self.run_id, kind, act_id, count) for (kind, act_id), count in sorted(risen)]

    def kept(self, tally: Iterable[Unwrapped]) -> None:
        """Note what the database has committed."""
        with self._lock:
            for each in tally:
                self._kept[each.kind, each.act_id] = max(each.count, self._kept[each.kind, each.act_id])
