"""Stated wishes and contacts made: appended, and read for many records at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import BigInteger, Select, delete, select, type_coerce
from sqlmodel import Session, col

from privacy.contact import ContactWish
from privacy.instant import microseconds_of
from privacy.store.bulk import Columns, Same, among_keys, insert_columns, select_among
from privacy.tables.contact import ContactMade, ContactWishRow
from privacy.terms import ActChannel, ContactChannel, PrincipalId, PurposeId, RecordId, random_ids

KEPT_DAYS: Final = 400
"""Longer than any period a wish is likely to name; older contacts count for nothing."""
WISHES: Final = {
    "record": pl.Binary,
    "channels": pl.String,
    "hour_from": pl.Int64,
    "hour_to": pl.Int64,
    "time_zone": pl.String,
    "at_most": pl.Int64,
    "per_days": pl.Int64,
    "at_us": pl.Int64,
}
_WISHES: Final = select(
    col(ContactWishRow.record_id),
    col(ContactWishRow.channels),
    col(ContactWishRow.hour_from),
    col(ContactWishRow.hour_to),
    col(ContactWishRow.time_zone),
    col(ContactWishRow.at_most),
    col(ContactWishRow.per_days),
    type_coerce(col(ContactWishRow.at), BigInteger),
).where(among_keys(col(ContactWishRow.record_id)))
_MADE: Final = select(col(ContactMade.record_id), type_coerce(col(ContactMade.at), BigInteger)).where(
    among_keys(col(ContactMade.record_id))
)
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A wish as it was told: when, on which way, and by whom it was entered."""

    wish: ContactWish
    at: datetime
    told_by: ActChannel
    actor: PrincipalId


def add_statement(session: Session, records: Sequence[RecordId], said: Statement) -> None:
    """Append a whole statement for every record of a person; from now on it is the one that holds."""
    wish = said.wish
    columns: Columns = {
        "wish_id": random_ids(len(records)),
        "record_id": list(records),
        "channels": Same(" ".join(sorted(wish.channels))),
        "hour_from": Same(wish.hour_from),
        "hour_to": Same(wish.hour_to),
        "time_zone": Same(wish.time_zone),
        "at_most": Same(wish.at_most),
        "per_days": Same(wish.per_days),
        "at": Same(said.at),
        "recorded_at": Same(said.at),
        "actor": Same(said.actor),
        "told_by": Same(said.told_by.value),
    }
    insert_columns(session, ContactWishRow, columns)


def wishes_of(session: Session, records: Sequence[bytes]) -> pl.DataFrame:
    """Return the newest statement of each record that has one: the columns of `WISHES`."""
    rows = list(select_among(session, _WISHES, records))
    return pl.DataFrame(rows, schema=WISHES, orient="row").sort("at_us").unique("record", keep="last")


def wish_of_row(row: dict[str, object]) -> ContactWish:
    """Read a statement back from a row of `WISHES`."""
    plain = {name: row[name] for name in ("hour_from", "hour_to", "time_zone", "at_most", "per_days")}
    channels = frozenset(map(ContactChannel, str(row["channels"] or "").split()))
    return ContactWish(channels=channels, **{**plain, "time_zone": plain["time_zone"] or ""})  # type: ignore[arg-type]  # as add_wish wrote them


def add_contacts(
    session: Session, records: Sequence[RecordId], *, channel: ContactChannel, purpose: PurposeId, at: datetime
) -> None:
    """Note that some people were reached."""
    columns: Columns = {
        "contact_id": random_ids(len(records)),
        "record_id": list(records),
        "channel": Same(channel.value),
        "purpose": Same(purpose),
        "at": Same(at),
    }
    insert_columns(session, ContactMade, columns)


def take_back_contacts(
    session: Session, records: Sequence[RecordId], *, channel: ContactChannel, purpose: PurposeId, since: datetime
) -> int:
    """Delete what was noted of some people since an instant, where nothing was sent after all; return how many."""
    mine = (
        col(ContactMade.record_id).in_(records),
        col(ContactMade.channel) == channel.value,
        col(ContactMade.purpose) == purpose,
        type_coerce(col(ContactMade.at), BigInteger) >= microseconds_of(since),
    )
    found = session.execute(delete(ContactMade).where(*mine))
    return int(getattr(found, "rowcount", 0))


def contacts_of(session: Session, records: Sequence[bytes], *, since: datetime) -> pl.DataFrame:
    """Return when records were reached: `record`, `at_us` (microseconds since 1970), a row for each contact.

    Of contacts before the day (UTC) of `since` none is read, of that day all are.
    """
    day = microseconds_of(since) // _DAY_US * _DAY_US
    rows = list(select_among(session, _made_since(day), records))
    return pl.DataFrame(rows, schema={"record": pl.Binary, "at_us": pl.Int64}, orient="row")


@lru_cache(maxsize=32)
def _made_since(day_us: int) -> Select[*tuple[Any, ...]]:
    """Write the query of one day once: `select_among` keeps its text by the query itself."""
    return _MADE.where(type_coerce(col(ContactMade.at), BigInteger) >= day_us)


def forget_contacts(session: Session, *, at: datetime) -> int:
    """Delete contacts that are too old to count; return how many."""
    old = microseconds_of(at - timedelta(days=KEPT_DAYS))
    found = session.execute(delete(ContactMade).where(type_coerce(col(ContactMade.at), BigInteger) < old))
    return int(getattr(found, "rowcount", 0))
