"""Destroy what was replaced: key first, then file, then a note in the catalogue, once no reader holds it.

A crash between any two leaves a file that is already unreadable; the next purge goes on where this one stopped.
"""

from typing import Final

from hub.lake import catalogue
from hub.lake.lake import Lake
from hub.lake.terms import Step, name_of

_FILES_AT_ONCE: Final = 256


def purge(lake: Lake) -> int:
    """Purge every removed file whose readers' leases have ended; return how many.

    A reader whose lease ran out while it was still reading gets `SnapshotExpired`: a lease lasts one hour at most, so
    an erasure is final an hour and one purge after its rewrite at the latest.
    """
    purged = 0
    while True:
        with lake.unit_of_work() as session:
            at = lake.clock(session)
            catalogue.end_expired_leases(session, at=at)
            files = catalogue.purgeable(session, at=at, limit=_FILES_AT_ONCE)
        if not files:
            return purged
        lake.keys.shred([file.key_id for file in files])
        lake.reached(Step.PURGE_SHREDDED)
        lake.files.delete([name_of(file.table, file.file_id) for file in files])
        lake.reached(Step.PURGE_DELETED)
        with lake.unit_of_work() as session:
            purged += catalogue.record_purged(session, [file.file_id for file in files])
