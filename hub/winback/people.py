"""Who is behind pseudonyms of the win-back purpose, and by which ways they may be reached: inside the hub only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.contact.release import Outreach, release_check
from hub.views.gateway import PSEUDONYM
from ingest.store.identity import members_of
from ingest.store.record_set import record_sets_frame
from privacy.pseudonym import pseudonyms_of, resolve
from privacy.purposes import Purpose
from privacy.terms import ContactChannel, EntityKind, PurposeId, RecordId

PURPOSE: Final = PurposeId("winback")
REACH: Final = "reach_"


def purpose_of(hub: Hub) -> Purpose:
    """Return the purpose of win-back as it stands; raises PurposeUnknown where the policy has none."""
    return hub.policy().purpose(PURPOSE)


def people_of(hub: Hub, session: Session, pseudonyms: pl.Series) -> pl.DataFrame:
    """Lead pseudonyms back to record sets: pseudonym, entity, record, others; whoever is nobody's is left out."""
    domains = hub.domains.live(purpose_of(hub).domain, at=hub.clock())
    sets = record_sets_frame(session, EntityKind.PERSON).drop("revision")
    led = pl.DataFrame({PSEUDONYM: pseudonyms}).with_columns(entity=resolve(domains, pseudonyms, sets["entity"]))
    return led.join(sets, on="entity", how="inner", maintain_order="left")


def named_now(hub: Hub, session: Session, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the pseudonym of the present customer in place of `record`; rows of nobody any more are left out."""
    records = [RecordId(record) for record in rows["record"].unique().to_list()]
    homes = members_of(session, records).select("record", "entity").unique("record")
    found = rows.join(homes, on="record", how="inner", maintain_order="left")
    domain = hub.domain(purpose_of(hub).domain)
    return found.with_columns(pseudonyms_of(domain, found["entity"]).alias(PSEUDONYM)).drop("record", "entity")


def reach_of(
    hub: Hub, session: Session, people: pl.DataFrame, channels: Sequence[ContactChannel], *, at: datetime
) -> pl.DataFrame:
    """Say by which channels each may be reached now: pseudonym and `reach_CHANNEL`; a plan, and no leave to write."""
    purpose, found = purpose_of(hub), people.select(PSEUDONYM, "record")
    records = [RecordId(record) for record in people["record"]]
    for channel in channels:  # a handful
        checked = release_check(session, records, Outreach(channel=channel, purpose=purpose, at=at))
        reached = checked.select("record", pl.col("because").is_null().alias(f"{REACH}{channel.value}"))
        found = found.join(reached, on="record", how="left", maintain_order="left")
    return found.drop("record")
