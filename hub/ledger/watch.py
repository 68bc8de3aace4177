"""A running process's own memory of how far the control database was: an epoch never goes back by itself."""

from sqlmodel import Session

from hub.errors import RestorePending
from privacy.store.epoch import current_epoch


class EpochWatch:
    """The greatest epoch that this process has read."""

    def __init__(self) -> None:
        self._newest = 0

    def look(self, session: Session) -> int:
        """Compare a transaction's epoch, which this makes its first statement, with what was read before; return it.

        Raises:
            RestorePending: an older database was put under a running process.

        """
        known = self._newest  # taken before the transaction's snapshot, so others who go on meanwhile raise no alarm
        epoch = current_epoch(session)
        if epoch < known:
            raise RestorePending("the control database")
        self.note(epoch)
        return epoch

    def note(self, epoch: int) -> None:
        """Remember an epoch that is committed."""
        self._newest = max(self._newest, epoch)
