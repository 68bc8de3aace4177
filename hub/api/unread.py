"""How much memory answers may hold that are built and not yet read to their end: by bytes, not by number.

Rules kept here:
- a frame is weighed when it is built and before its release is committed: what does not fit is not released, not
  audited as read, and not counted among the view's reads;
- one answer alone is always let out, however large: else a view that is larger than the room could not be read at all;
- an answer that leaves in a piece or two is not weighed: of those there are as many as the server has connections, and
  nobody's small question waits for somebody's slow reading.
"""

from threading import Lock
from typing import Final

import polars as pl

from hub.api.streaming import PIECE_BYTES
from hub.errors import AnswersUnread

MEBIBYTE: Final = 1 << 20


class Unread:
    """The room that unread answers of one serving process share; safe to be asked from any thread."""

    def __init__(self, mebibytes: int) -> None:
        self._mebibytes, self._door = mebibytes, Lock()
        self._held: dict[Share, int] = {}

    @property
    def held_bytes(self) -> int:
        """Return how much is held now."""
        with self._door:
            return sum(self._held.values())

    def take(self, share: "Share", size: int) -> None:
        """Let a share hold so much instead of what it held.

        Raises:
            AnswersUnread: it does not fit beside the others; it holds nothing then.

        """
        with self._door:
            self._held.pop(share, None)
            if size <= PIECE_BYTES:
                return
            if self._held and sum(self._held.values()) + size > self._mebibytes * MEBIBYTE:
                raise AnswersUnread(self._mebibytes)
            self._held[share] = size

    def give_back(self, share: "Share") -> None:
        """Let a share hold nothing any more; it may be said twice."""
        with self._door:
            self._held.pop(share, None)


class Share:
    """What one answer holds, from when it is built until no more of it leaves.

    Whoever asked may be gone before a thread has built it: what is weighed after that holds nothing.
    """

    def __init__(self, room: Unread) -> None:
        self._room, self._is_over = room, False

    def weigh(self, frame: pl.DataFrame) -> None:
        """Hold a frame's size, in the place of one that was built before; raises as `Unread.take` does."""
        self._room.take(self, int(frame.estimated_size()))
        if self._is_over:
            self._room.give_back(self)

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._is_over = True  # first: either this or whoever weighs right now gives back what is taken
        self._room.give_back(self)
