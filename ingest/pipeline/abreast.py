"""Whether who is taken in is found in the version that serves: a delivery knows only those that there were."""

from sqlmodel import Session

from ingest.errors import MatchingMoved
from ingest.pipeline.ports import Matching
from ingest.store.match_serving import serving_version
from privacy.store.epoch import lock_epoch


def refuse_moved(session: Session, matching: Matching | None, contract: str) -> None:
    """Make sure that the version which serves is the one that serves for `matching`; it stays so until the commit.

    A move to another takes the epoch's lock, too, and waits while people are being taken in. What is coming needs no
    look: a rebuild makes what records lack in it before it lets it serve.

    Raises:
        MatchingMoved: a rebuild let another version serve since; what is written would be found by nobody.

    """
    if matching is None:
        return
    lock_epoch(session)
    if serving_version(session, matching.kind) != matching.serving.number:
        raise MatchingMoved(contract)
