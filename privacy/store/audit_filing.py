"""Whether entries of the audit log stand under their own action and instant: under others they would not be found.

The canonical bytes begin with action, actor and instant (`privacy.audit`), so they are compared with what the columns
say. Parsing a whole entry would cost ten times what hashing it does.
"""

import re
from collections.abc import Sequence
from typing import Final

from privacy.verifier import ProofRejected

_ACTION: Final = re.compile(r"[a-z0-9_.:-]+")
_ACTOR: Final = re.compile(rb"[0-9a-f]{32}")
_ACTOR_BYTES: Final = 32
_MOST_ACTORS: Final = 1 << 16


class Filing:
    """Compares bodies with their columns; remembers which actions and actors have their shape."""

    def __init__(self) -> None:
        self._beginnings: dict[str | None, bytes] = {}
        self._actors: set[bytes] = set()

    def verify(
        self,
        first: int,
        bodies: Sequence[bytes | None],
        actions: Sequence[str | None],
        instants: Sequence[int | None],
    ) -> None:
        """Check entries from number `first` on; one whose body was pruned says nothing.

        Raises:
            ProofRejected: names the first that is filed under another action or instant than its bytes say.

        """
        beginnings, actors = self._beginnings, self._actors
        for at, (body, action, instant) in enumerate(zip(bodies, actions, instants, strict=True)):
            if body is None:
                continue
            beginning = beginnings.get(action) or self._beginning(first + at, action)
            end = len(beginning) + _ACTOR_BYTES
            if not (body.startswith(beginning) and body.startswith(f'","at":{instant},'.encode(), end)):
                raise _misfiled(first + at)
            if body[len(beginning) : end] not in actors:
                self._take_actor(first + at, body[len(beginning) : end])

    def _beginning(self, number: int, action: str | None) -> bytes:
        if not isinstance(action, str) or not _ACTION.fullmatch(action):
            raise _misfiled(number)
        beginning = f'{{"action":"{action}","actor":"'.encode()
        self._beginnings[action] = beginning
        return beginning

    def _take_actor(self, number: int, actor: bytes) -> None:
        if not _ACTOR.fullmatch(actor):
            raise _misfiled(number)
        if len(self._actors) == _MOST_ACTORS:  # forgetting costs a look, never a refusal
            self._actors.clear()
        self._actors.add(actor)


def _misfiled(number: int) -> ProofRejected:
    return ProofRejected(f"audit log: entry {number} is filed under another action or instant")
