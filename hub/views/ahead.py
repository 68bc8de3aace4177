"""Snapshots opened before anybody asks, so that the first who does waits for nothing.

Rules kept here:
- opened is what `varde view materialise` made to be served, and serves now; nothing leaves by that;
- as much as fits on the shelf beside what is open: nothing that somebody asked for is closed for it;
- what changed for some people is left to whoever reads next; what was made anew, or changed for everybody, is not.
"""

from typing import Final

from hub.compose import Hub
from hub.errors import AccessRefused, HubError
from hub.views.shelf import Shelf
from hub.views.snapshot_store import Snapshot, serving_snapshots
from privacy.store.epoch import current_epoch, records_changed_since

ROW_BYTES: Final = 300
"""About what a row of twenty features takes, with all that says whether it stands (`bench_view_snapshot`)."""


def open_ahead(hub: Hub) -> None:
    """Open what serves now, one view after the other; a view that may not be read now is left as it is.

    Raises:
        HubError: one could not be opened; all others are.

    """
    fault: HubError | None = None
    shelf = hub.memory.of(Shelf)
    with hub.reading() as session:
        serving = serving_snapshots(session, at=hub.clock())
    for snapshot in serving:
        if _is_open(hub, shelf, snapshot) or not shelf.has_room(snapshot.view, snapshot.rows * ROW_BYTES):
            continue
        try:
            shelf.bring_on(hub, snapshot.view)
        except AccessRefused:  # revoked, expired, of a domain behind its anchors: whoever asks is told why
            continue
        except HubError as exc:  # a file of it is damaged, or it is always changing
            fault = exc
    if fault is not None:
        raise fault


def _is_open(hub: Hub, shelf: Shelf, snapshot: Snapshot) -> bool:
    """Say whether whoever asks for it next need not have it opened."""
    opened = shelf.found(snapshot.view)
    if opened is None or opened.snapshot.snapshot_id != snapshot.snapshot_id:
        return False
    with hub.reading() as session:
        return opened.epoch == current_epoch(session) or records_changed_since(session, opened.epoch) is not None
