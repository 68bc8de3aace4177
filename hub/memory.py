"""What a process remembers of a hub between acts: one memory of each kind, made when it is first asked for.

Nothing here says how long anything is true: each kind does, by the epoch of the request. Nothing of it is written
anywhere, and it ends with the process.
"""

from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, cast

Kind = TypeVar("Kind")


@dataclass(slots=True)
class Memory:
    """The memories of one process for one hub; safe to be asked from any thread."""

    _kept: dict[type, object] = field(default_factory=dict)
    _door: Lock = field(default_factory=Lock)

    def of(self, kind: type[Kind]) -> Kind:
        """Return the one memory of a kind."""
        with self._door:
            if kind not in self._kept:
                self._kept[kind] = kind()
            return cast("Kind", self._kept[kind])
