"""Every record's standing for one purpose as a frame: the ledger's heads folded by expressions, no loop per person.

Equal to `privacy.decision.standing_of` over `privacy.consent.axes_of`, row by row (property test). What cannot be
read is `readable = False`, and that is a refusal on every basis.
"""

from datetime import datetime
from functools import cache
from typing import Final

import polars as pl
from sqlalchemy import BigInteger, select, type_coerce
from sqlmodel import Session, col

from privacy.consent import STATE_AFTER
from privacy.instant import instant_of, microseconds_of
from privacy.purposes import Purpose
from privacy.store.bulk import among_keys, select_among
from privacy.store.columnar import select_columns
from privacy.store.consent import grounds
from privacy.store.marks import act_of_mark, is_readable, notice_of_mark, until_of_mark
from privacy.tables.consent import ConsentHead
from privacy.terms import EVERY_PURPOSE, ConsentAct, ConsentState

_STATE_OF: Final = {act.value: state.value for act, state in STATE_AFTER.items()}
_NO: Final = [act.value for act in (ConsentAct.REFUSED, ConsentAct.REVOKED, ConsentAct.WITHDRAWN)]
_NO_STATES: Final = [ConsentState.REFUSED.value, ConsentState.WITHDRAWN.value]
_HEAD_SCHEMA: Final = {
    "record": pl.Binary,
    "own": pl.Binary,
    "imported": pl.Binary,
    "ended": pl.Binary,
    "requested_at": pl.Int64,
    "objected_at": pl.Int64,
    "objection_lifted_at": pl.Int64,
    "restricted_at": pl.Int64,
    "restriction_lifted_at": pl.Int64,
}
_MARKS: Final = ("own", "imported", "ended")
STANDING: Final = ("state", "objected", "restricted", "ground_declared", "notice_current", "readable")


def standings_of(session: Session, purpose: Purpose, records: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Return `records` (record Binary, source String, ...) with the columns of `Standing` and `until_us`.

    `until_us` (microseconds since 1970, null if none) is when a consent that stands lapses by itself.
    """
    own = _axes(_heads(session, purpose.id, records["record"]), at).select(
        "record", "state", "objected", "restricted", "notice", "until_us", "readable"
    )
    every = _axes(_heads(session, EVERY_PURPOSE, records["record"]), at).select(
        "record",
        every_state="state",
        every_objected="objected",
        every_restricted="restricted",
        every_readable="readable",
    )
    declared = [
        ground.source
        for ground in grounds(session)
        if ground.purpose == purpose.id and ground.legal_basis == purpose.legal_basis and ground.notice_given
    ]
    every_no = pl.col("every_state").is_in(_NO_STATES) & ~pl.col("state").is_in(_NO_STATES)
    return (
        records.join(own, on="record", how="left", maintain_order="left")
        .join(every, on="record", how="left", maintain_order="left")
        .with_columns(
            pl.col("state").fill_null(ConsentState.UNKNOWN.value),
            pl.col("readable", "every_readable").fill_null(value=True),
            pl.col("objected", "restricted", "every_objected", "every_restricted").fill_null(value=False),
        )
        .with_columns(
            state=pl.when(every_no.fill_null(value=False)).then("every_state").otherwise("state"),
            objected=pl.col("objected") | pl.col("every_objected"),
            restricted=pl.col("restricted") | pl.col("every_restricted"),
            ground_declared=pl.col("source").is_in(declared),
            notice_current=pl.col("notice").is_in(sorted(purpose.accepted_notices)).fill_null(value=False),
            readable=pl.col("readable") & pl.col("every_readable"),
        )
        .drop("notice", "every_state", "every_objected", "every_restricted", "every_readable")
    )


def axes_among(session: Session, purpose: str, records: pl.Series, *, at: datetime) -> pl.DataFrame:
    """Return where records stand for one word of the ledger alone, without what they said for every purpose.

    Columns record, state, objected, restricted, readable, of those records that said anything.
    """
    axes = _axes(_heads(session, purpose, records), at).join(
        records.to_frame("record").unique(), on="record", how="semi"
    )
    return axes.select("record", "state", "objected", "restricted", "readable")


_COLUMNS: Final = (
    col(ConsentHead.record_id),
    col(ConsentHead.own),
    col(ConsentHead.imported),
    col(ConsentHead.ended),
    *(
        type_coerce(col(instant), BigInteger)  # microseconds as stored: no Python object per instant
        for instant in (
            ConsentHead.requested_at,
            ConsentHead.objected_at,
            ConsentHead.objection_lifted_at,
            ConsentHead.restricted_at,
            ConsentHead.restriction_lifted_at,
        )
    ),
)
_HEADS_AMONG: Final = select(col(ConsentHead.purpose), *_COLUMNS).where(among_keys(col(ConsentHead.record_id)))
_FEW: Final = 5_000
"""Up to so many records their heads are looked up; beyond, reading all heads of the purpose costs less."""


def _heads(session: Session, purpose: str, records: pl.Series) -> pl.DataFrame:
    if records.len() > _FEW:
        query = select(*_COLUMNS).where(col(ConsentHead.purpose) == purpose)
        return select_columns(session, query, _HEAD_SCHEMA, by=col(ConsentHead.record_id))
    found = select_among(session, _HEADS_AMONG, records.to_list())
    rows = [head for of_purpose, *head in found if of_purpose == purpose]
    return pl.DataFrame(rows, schema=_HEAD_SCHEMA, orient="row")


def _axes(heads: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Fold the marks of each head; of nobody it is known what comes of it, and whoever asks of one person waits."""
    return _of_nobody() if heads.is_empty() else _folded(heads, at)


@cache
def _of_nobody() -> pl.DataFrame:
    return _folded(pl.DataFrame(schema=_HEAD_SCHEMA), instant_of(0))


def _folded(heads: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Say what stands: the person's own no, else the latest yes or no, unless it has ended since."""
    own_no = act_of_mark(pl.col("own")).is_in(_NO).fill_null(value=False)
    marked = heads.with_columns(said=_latest("own", "imported")).with_columns(latest=_latest("said", "ended"))
    said_no = act_of_mark(pl.col("said")).is_in(_NO).fill_null(value=False)
    marked = marked.with_columns(
        mark=pl.when(own_no).then("own").when(said_no).then("said").otherwise("latest")
    ).with_columns(act=act_of_mark(pl.col("mark")), until_us=until_of_mark(pl.col("mark")))
    asked = (
        pl.when(pl.col("requested_at").is_null())
        .then(pl.lit(ConsentState.UNKNOWN.value))
        .otherwise(pl.lit(ConsentState.REQUESTED.value))
    )
    state = pl.col("act").replace_strict(_STATE_OF, default=None, return_dtype=pl.String)
    given = pl.col("state") == ConsentState.GIVEN.value
    return (
        marked.with_columns(state=pl.when(pl.col("mark").is_null()).then(asked).otherwise(state))
        .with_columns(lapsed=given & (pl.col("until_us") <= microseconds_of(at)).fill_null(value=False))
        .with_columns(
            state=pl.when("lapsed").then(pl.lit(ConsentState.EXPIRED.value)).otherwise("state"),
            readable=pl.col("state").is_not_null() & pl.all_horizontal(map(is_readable, map(pl.col, _MARKS))),
            notice=pl.when(given & ~pl.col("lapsed")).then(notice_of_mark(pl.col("mark"))),
            until_us=pl.when(given & ~pl.col("lapsed")).then("until_us"),
            objected=_stands("objected_at", "objection_lifted_at"),
            restricted=_stands("restricted_at", "restriction_lifted_at"),
        )
    )


def _latest(one: str, other: str) -> pl.Expr:
    """Return the greater of two marks: their bytes are in the order of precedence."""
    return (
        pl.when(pl.col(one).is_null() | (pl.col(other) > pl.col(one)).fill_null(value=False))
        .then(pl.col(other))
        .otherwise(pl.col(one))
    )


def _stands(made: str, lifted: str) -> pl.Expr:
    return pl.col(made).is_not_null() & (pl.col(lifted).is_null() | (pl.col(made) >= pl.col(lifted)))
