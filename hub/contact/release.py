"""The last look before a message, a call list or a letter leaves: who may be reached, and why not the others.

Rules kept here:
- purpose and channel are decided together, for the person: a no of any part of theirs binds all, as for any read;
- what the person stated is looked at again here, however old the list is; what was learned fills what they left open;
- the look and the note that people were reached are one transaction under the epoch's lock (`released`), so that no
  opt-out that was acknowledged before is passed over, and two lists at once are not both the last that was allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.views.permission import permitted_set
from ingest.store.identity import members_of
from ingest.store.record import records_frame
from privacy.audit import AuditFields
from privacy.contact import ContactWish, Unreached, channel_rows, preferred
from privacy.instant import instant_of, microseconds_of
from privacy.purposes import Purpose
from privacy.store.consent import grounds
from privacy.store.contact import add_contacts, contacts_of, forget_contacts, wish_of_row, wishes_of
from privacy.store.epoch import lock_epoch
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.store.standing import axes_among
from privacy.suppression import contact_purpose
from privacy.terms import EVERY_PURPOSE, ConsentState, ContactChannel, EntityKind, RecordId

_UNKNOWN: Final = ConsentState.UNKNOWN.value
_TABLE: Final = {
    "state": pl.String,
    "objected": pl.Boolean,
    "restricted": pl.Boolean,
    "readable": pl.Boolean,
    "declared": pl.String,
    "ground": pl.String,
    "because": pl.String,
}
_STANDING: Final = ("state", "objected", "restricted", "readable", "declared")
_NOES: Final = [
    Unreached.UNREADABLE.value,
    Unreached.RESTRICTED.value,
    Unreached.REFUSED.value,
    Unreached.OBJECTED.value,
]
"""What one record of a person says for all of them; a missing ground is of one record alone."""
NOTHING_LEARNED: Final = ContactWish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outreach:
    """What is about to leave: by which channel, for which purpose, when; and what was learned of when people answer."""

    channel: ContactChannel
    purpose: Purpose
    at: datetime
    learned: ContactWish = NOTHING_LEARNED


def release_check(session: Session, records: Sequence[RecordId], outreach: Outreach) -> pl.DataFrame:
    """Return for each record whether its person may be reached now: record, entity, ground, because.

    `ground` (String) is why the channel permits, null where the person is spared; `because` is a word of `Unreached`,
    null where they are reached. Rows are in the order of `records`, each once. In the caller's snapshot.
    """
    asked = pl.DataFrame({"record": list(dict.fromkeys(records))}, schema={"record": pl.Binary})
    near = members_of(session, asked["record"].to_list())
    known = records_frame(session, EntityKind.PERSON, near["entity"].unique().to_list())
    permitted = permitted_set(
        session, outreach.purpose, EntityKind.PERSON, at=outreach.at, entities=known["entity"].unique()
    )
    judged = _channel(session, known, outreach).join(_limits(session, known, outreach), on="entity", how="left")
    judged = judged.with_columns(permits=pl.col("record").is_in(permitted.records["record"].implode()))
    found = asked.join(judged, on="record", how="left", maintain_order="left")
    because = (
        pl.when(pl.col("entity").is_null())
        .then(pl.lit(Unreached.SUPPRESSED.value))
        .when(~pl.col("permits"))
        .then(pl.lit(Unreached.PURPOSE.value))
        .when(pl.col("because").is_not_null())
        .then("because")
        .otherwise("limit")
    )
    told = found.with_columns(because=because)
    return told.select(
        "record", "entity", pl.when(pl.col("because").is_null()).then("ground").alias("ground"), "because"
    )


def released(hub: Hub, records: Sequence[RecordId], outreach: Outreach, by: Principal) -> pl.DataFrame:
    """Look once more, note who is reached, audit it, and only then say who: `release_check` as an act.

    Raises:
        AccessRefused: an anchor knows more than this hub, and a forgotten no could be passed over.

    """
    verify_open(hub.anchoring.standing(), outreach.purpose)
    with hub.unit_of_work() as session:
        return release_in(hub, session, records, outreach, by)


def release_in(
    hub: Hub, session: Session, records: Sequence[RecordId], outreach: Outreach, by: Principal
) -> pl.DataFrame:
    """Do what `released` does in the caller's transaction, which has asked the anchors, for what leaves by it."""
    lock_epoch(session)
    policy = find_policy(session) or hub.policy()
    now = Outreach(
        channel=outreach.channel,
        purpose=policy.purpose(outreach.purpose.id),
        at=hub.clock(),
        learned=outreach.learned,
    )
    checked = release_check(session, records, now)
    reached = checked.filter(pl.col("because").is_null())
    chosen = [RecordId(record) for record in reached["record"]]
    forget_contacts(session, at=now.at)
    add_contacts(session, chosen, channel=now.channel, purpose=now.purpose.id, at=now.at)
    spared = checked.drop_nulls("because").group_by("because").len().sort("because")
    fields = AuditFields(
        purpose=now.purpose.id,
        reason=now.channel.value,
        rows=reached.height,
        absent={str(word): int(count) for word, count in spared.iter_rows()},
    )
    hub.audit(session, "contact.release", by.principal_id, fields)
    return checked


def _channel(session: Session, known: pl.DataFrame, outreach: Outreach) -> pl.DataFrame:
    """Decide about the channel for every record, then let a no of any part bind its person."""
    marketing = outreach.purpose.direct_marketing
    word = contact_purpose(outreach.channel)
    own = axes_among(session, word, known["record"], at=outreach.at)
    every = axes_among(session, EVERY_PURPOSE, known["record"], at=outreach.at).select(
        "record", every_no=pl.col("state").is_in(_NO_STATES) | pl.col("objected"), every_restricted="restricted"
    )
    declared = {
        ground.source: ground.legal_basis
        for ground in grounds(session)
        if ground.purpose == word and ground.notice_given
    }
    table = pl.DataFrame(channel_rows(direct_marketing=marketing), schema=_TABLE)
    standing = (
        known.join(own, on="record", how="left")
        .join(every, on="record", how="left")
        .with_columns(
            state=pl.col("state").fill_null(_UNKNOWN),
            # everything off is a no to marketing; what a contract or a law needs goes on, by the channels it has
            objected=pl.col("objected").fill_null(value=False)
            | (pl.col("every_no").fill_null(value=False) & marketing),
            restricted=pl.col("restricted").fill_null(value=False) | pl.col("every_restricted").fill_null(value=False),
            readable=pl.col("readable").fill_null(value=True),
            declared=pl.col("source").replace_strict(declared, default=None, return_dtype=pl.String),
        )
    )
    decided = standing.join(table, on=list(_STANDING), how="left", nulls_equal=True)
    no = pl.col("because").filter(pl.col("because").is_in(_NOES)).sort().first().over("entity")
    return decided.select("record", "entity", "ground", because=pl.coalesce(no, "because"))


_NO_STATES: Final = [ConsentState.REFUSED.value, ConsentState.WITHDRAWN.value]


def _limits(session: Session, known: pl.DataFrame, outreach: Outreach) -> pl.DataFrame:
    """Say of each person which of their wishes stands in the way: entity, limit (null where none does)."""
    entities = known.select("entity").unique()
    said = wishes_of(session, known["record"].to_list()).join(known.select("record", "entity"), on="record")
    newest = said.sort("at_us").unique("entity", keep="last").drop("record", "at_us")
    patterns = entities.join(newest, on="entity", how="left").drop("entity").unique()
    rows = [_judged(row, outreach) for row in patterns.iter_rows(named=True)]  # a few patterns, however many people
    ruled = patterns.with_columns(pl.DataFrame(rows, schema=_RULED, orient="row"))
    keys = patterns.columns
    persons = entities.join(newest, on="entity", how="left").join(ruled, on=keys, how="left", nulls_equal=True)
    made = _made(session, known, persons)
    counted = (
        persons.join(made, on="entity", how="left")
        .group_by("entity")
        .agg(count=(pl.col("at_us") >= pl.col("since_us")).sum(), most=pl.col("most").first())
    )
    often = pl.col("most").is_not_null() & (pl.col("count") >= pl.col("most"))
    limit = (
        pl.when("other")
        .then(pl.lit(Unreached.OTHER_CHANNEL.value))
        .when(often)
        .then(pl.lit(Unreached.TOO_OFTEN.value))
        .when("late")
        .then(pl.lit(Unreached.OUTSIDE_HOURS.value))
    )
    return persons.join(counted.select("entity", "count"), on="entity").select("entity", limit=limit)


def _made(session: Session, known: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Return the contacts that a wish counts: entity, at_us; of whoever named no number none is read."""
    counting = persons.filter(pl.col("most").is_not_null())
    earliest = counting["since_us"].min()
    if not isinstance(earliest, int):
        return pl.DataFrame(schema={"entity": pl.Binary, "at_us": pl.Int64})
    theirs = known.join(counting, on="entity", how="semi").select("record", "entity")
    found = contacts_of(session, theirs["record"].to_list(), since=instant_of(earliest))
    return found.join(theirs, on="record").select("entity", "at_us")


_RULED: Final = {"other": pl.Boolean, "late": pl.Boolean, "most": pl.Int64, "since_us": pl.Int64}


def _judged(row: dict[str, object], outreach: Outreach) -> tuple[bool, bool, int | None, int]:
    """Judge one pattern of wishes for an outreach: another channel, outside hours, how many at most, since when."""
    wish = preferred(wish_of_row(row), outreach.learned)
    since = outreach.at - timedelta(days=wish.per_days or 0)
    late = not wish.admits_instant(outreach.at)
    return not wish.admits_channel(outreach.channel), late, wish.at_most, microseconds_of(since)
