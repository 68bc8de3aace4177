"""A release on its way out: looked at again while its bytes leave.

The read was lawful at its release commit. A long stream goes on after it, so before each piece leaves, the epoch is
compared: if somebody in the release changed meanwhile, or everybody may have (policy, view, batch, restore), the rest
stays here and what arrived is incomplete and refused by the client.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import StreamStopped
from hub.views.compile import AS_OF
from hub.views.gateway import PSEUDONYM, Released
from hub.views.use import label_of
from ingest.store.identity import homes_beside, homes_of
from ingest.store.move import homes_before
from privacy.pseudonym import pseudonyms_of
from privacy.store.epoch import records_changed_since
from privacy.terms import EntityId, EntityKind, RecordId

LONGEST: Final = timedelta(seconds=300)
"""As over HTTP (`hub.api.streaming.MOST_SECONDS`)."""


def label_for(released: Released) -> dict[str, str]:
    """Return what goes with released rows wherever they are written down."""
    return label_of(released.spec.purpose, released.prohibited_uses, released.expires_at)


def soon(hub: Hub, released: Released) -> Released:
    """Return a release whose rows have left within `LONGEST`, or stay here: whoever takes them slowly reads anew."""
    return replace(released, leaves_until=min(released.leaves_until, hub.clock() + LONGEST))


def verify_unchanged(hub: Hub, released: Released) -> None:
    """Look at what changed since the release; nothing is cached, so it holds in every process.

    Raises:
        StreamStopped: a change concerns a row of the release, or cannot be told not to; or time is up.

    """
    if released.leaves_until <= hub.clock():
        raise StreamStopped("time is up")
    with hub.reading() as session:
        changed = records_changed_since(session, released.epoch)
        if changed is not None and not changed:
            return
        entities = None if changed is None else _entities(session, changed)
    if entities is None:
        raise StreamStopped("something changed that concerns everybody")
    if released.spec.grain is not EntityKind.PERSON or released.spec.summary is not None or _is_of_groups(released):
        raise StreamStopped("somebody changed who may be part of a figure")
    if _is_released(hub, released, entities):
        raise StreamStopped("somebody in it changed")


def _entities(session: Session, records: Collection[bytes]) -> list[EntityId] | None:
    """Return every entity that some records, or who belongs together with them now, belong to or ever belonged to.

    Who was released before a merge has gone out under the entity that the merge emptied. None if a record belongs to
    nobody any more (erased) and cannot be told.
    """
    homes = homes_of(session, [RecordId(record) for record in records])
    if len(homes) < len(records):
        return None
    present = set(homes.values())
    return sorted(present | homes_before(session, homes_beside(session, present)))


def _is_of_groups(released: Released) -> bool:
    """Say whether rows stand for others who need not be among them: pairs that were asked for, of groups of k."""
    return released.spec.groups_rows and AS_OF in released.frame.columns


def _is_released(hub: Hub, released: Released, entities: list[EntityId]) -> bool:
    name, found = hub.policy().purpose(released.spec.purpose).domain, pl.Series(entities, dtype=pl.Binary)
    domains = hub.domains.live(name, at=hub.clock())  # all: the key may have been rotated in this very moment
    pseudonyms = pl.concat([pseudonyms_of(domain, found) for domain in domains])
    return bool(released.frame[PSEUDONYM].is_in(pseudonyms.implode()).any())
