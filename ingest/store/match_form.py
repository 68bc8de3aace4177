"""What records are found by when they are matched: keyed tokens of the newest revision of each.

Who asks for carriers is told those of tokens that few carry: what many share is a place or a default.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl
from sqlalchemy import Insert, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, SQLModel, col

from ingest.match.entries import Entries
from ingest.match.keys import TOKEN_BYTES
from ingest.store.batch import COUNTED
from ingest.store.match_run import Found, carried, staged_runs, take_out
from ingest.store.match_serving import serving_version
from ingest.tables.batch import Batch
from ingest.tables.match import MatchForm
from ingest.tables.record import SourceRecord
from privacy.store.bulk import Columns, among_keys, execute_columns, select_among
from privacy.terms import BatchId, EntityKind, RecordId

_CARRIERS_AT_MOST: Final = 120
"""Carriers of one token that are looked at: twice the largest block, for what an older revision left counts too."""
_AT_ONCE: Final = 40
_KEYS_AT_MOST: Final = 62
_FORMS: Final = {
    "record": pl.Binary,
    "revision": pl.Int64,
    "tokens": pl.Binary,
    "number": pl.Int64,
    "country": pl.String,
    "source": pl.String,
    "keys": pl.Int64,
}
_FORM: Final = (  # with the state beside each row: asked for it, SQLite would begin with the batches
    select(
        col(Batch.state),
        col(MatchForm.record_id),
        col(MatchForm.revision),
        col(MatchForm.tokens),
        col(MatchForm.number),
        col(MatchForm.country),
        col(SourceRecord.source),
        col(MatchForm.keys),
        col(SourceRecord.kind),
        col(MatchForm.key_version),
        col(MatchForm.form_version),
    )
    .join(Batch, col(Batch.batch_id) == col(MatchForm.batch_id))
    .join(SourceRecord, col(SourceRecord.record_id) == col(MatchForm.record_id))
    .where(among_keys(col(MatchForm.record_id)))
    .order_by(col(MatchForm.revision))
)
_CARRIER_SCHEMA: Final = {"token": pl.Int64, "record": pl.Binary}
_STALE: Final = (
    col(MatchForm.record_id),
    col(MatchForm.revision),
    col(MatchForm.tokens),
    col(MatchForm.key_version),
    col(MatchForm.form_version),
)
_OF_RECORDS: Final = (
    select(col(Batch.state), *_STALE)
    .join(Batch, col(Batch.batch_id) == col(MatchForm.batch_id))
    .where(among_keys(col(MatchForm.record_id)))
)
_ONE_FORM: Final = delete(MatchForm).where(
    col(MatchForm.record_id) == bindparam("of_record"),
    col(MatchForm.revision) == bindparam("of_revision"),
    col(MatchForm.key_version) == bindparam("of_key"),
    col(MatchForm.form_version) == bindparam("of_form"),
)


@dataclass(frozen=True, slots=True)
class StaleForm:
    """A form that nothing is to be found by any more, with its tokens joined."""

    record: bytes
    revision: int
    tokens: bytes
    key_version: int
    form_version: int


@dataclass(frozen=True, slots=True)
class FewForm:
    """What is kept of a record: its checked number as one, by what its numbers are read, and its tokens."""

    number: int | None
    country: str | None
    source: str
    tokens: frozenset[int]


def add_forms(session: Session, columns: Columns) -> None:
    """Write forms; one that is there already stays."""
    key = ("record_id", "revision", "key_version", "form_version")
    execute_columns(session, _new(MatchForm, key, _dialect_of(session)), columns)


def forms_of(session: Session, records: Sequence[bytes]) -> pl.DataFrame:
    """Return the form of the newest counted revision of each record that has one, of the version that serves.

    Columns record (Binary), revision, tokens (Binary), number (Int64, null for none), country, source (String), keys
    (Int64, null where it was not kept).
    """
    return pl.DataFrame(list(_newest(session, records)), schema=_FORMS, orient="row").sort("record")


def few_forms_of(session: Session, records: Sequence[bytes]) -> dict[bytes, FewForm]:
    """Return what `forms_of` does of a handful, without a frame."""
    return {
        record: FewForm(number, country, source, frozenset(np.frombuffer(tokens, dtype=">i8").tolist()))
        for record, _, tokens, number, country, source, _ in _newest(session, records)
    }


def _newest(session: Session, records: Sequence[bytes]) -> Iterable[tuple[Any, ...]]:
    """Return the rows of `forms_of`."""
    serving = {(kind.value, *serving_version(session, kind)) for kind in EntityKind}
    rows = (row for row in select_among(session, _FORM, records) if row[0] in COUNTED and row[-3:] in serving)
    return {row[1]: row[1:-3] for row in rows}.values()


def tokens_of(forms: pl.DataFrame) -> pl.DataFrame:
    """Take joined tokens apart: record (Binary), token (Int64)."""
    lengths = forms["tokens"].bin.size() // TOKEN_BYTES
    numbers = np.frombuffer(b"".join(forms["tokens"]), dtype=">i8").astype(np.int64)
    rows = pl.int_range(forms.height, eager=True).repeat_by(lengths).explode()
    return pl.DataFrame({"record": forms["record"].gather(rows.drop_nulls()), "token": numbers})


def keyed_tokens_of(forms: pl.DataFrame) -> pl.DataFrame:
    """Take joined tokens apart: record, token, key (Int64, the number of its key; null where it was not kept)."""
    told = forms.filter(pl.col("keys").is_not_null())
    bits = (told["keys"].to_numpy()[:, None] >> np.arange(_KEYS_AT_MOST)) & 1
    key = pl.Series("key", np.nonzero(bits)[1], dtype=pl.Int64)
    untold = tokens_of(forms.filter(pl.col("keys").is_null())).with_columns(key=pl.lit(None, dtype=pl.Int64))
    return pl.concat([tokens_of(told).with_columns(key), untold])


def joined(tokens: Iterable[int]) -> bytes:
    """Join the tokens of one record."""
    return np.fromiter(tokens, dtype=">i8").tobytes()


def carriers(session: Session, tokens: pl.Series, kind: EntityKind) -> pl.DataFrame:
    """Return who carries the tokens that few carry: token, record; of records of a kind, by the version that serves."""
    asked = tokens.unique().sort().to_numpy()
    entries = carried(session, Found(kind.value, *serving_version(session, kind)), asked, few=_CARRIERS_AT_MOST)
    return pl.DataFrame({"token": entries.tokens, "record": entries.ids()}, schema=_CARRIER_SCHEMA)


def carriers_of_each(session: Session, tokens: Iterable[int], kind: EntityKind) -> dict[int, list[bytes]]:
    """Return who carries each token that few carry, of a handful."""
    asked = np.unique(np.fromiter(tokens, dtype=np.int64))
    entries = carried(session, Found(kind.value, *serving_version(session, kind)), asked, few=_CARRIERS_AT_MOST)
    found: dict[int, list[bytes]] = {}
    for token, record in zip(entries.tokens.tolist(), entries.ids(), strict=True):
        found.setdefault(token, []).append(record)
    return found


def stale_forms(session: Session, records: Sequence[bytes]) -> list[StaleForm]:
    """Return the forms of revisions that a newer counted one has taken the place of."""
    counted = [form for state, form in _read(session, records) if state in COUNTED]
    newest: dict[bytes, int] = {}
    for each in counted:
        newest[each.record] = max(each.revision, newest.get(each.record, 0))
    return [each for each in counted if each.revision < newest[each.record]]


def forms_held(session: Session, records: Sequence[RecordId]) -> list[StaleForm]:
    """Return every form of some records, counted or not."""
    return [form for _, form in _read(session, records)]


def forms_before(session: Session, newest: pl.DataFrame) -> list[StaleForm]:
    """Return the forms of earlier revisions of some records: `newest` has record and revision."""
    revisions = dict(newest.select("record", "revision").iter_rows())
    held = forms_held(session, [RecordId(record) for record in revisions])
    return [each for each in held if each.revision < revisions[each.record]]


def forms_left_behind(session: Session, beyond: bytes, serving: Found, *, limit: int) -> list[StaleForm]:
    """Return some forms of a kind in versions older than those that serve it, in the order of records, from one on."""
    older = or_(col(MatchForm.key_version) < serving.key_version, col(MatchForm.form_version) < serving.form_version)
    mine = (
        select(*_STALE)
        .join(SourceRecord, col(SourceRecord.record_id) == col(MatchForm.record_id))
        .where(col(SourceRecord.kind) == serving.kind)
    )
    query = mine.where(col(MatchForm.record_id) >= beyond, older).order_by(col(MatchForm.record_id))
    return [StaleForm(*row) for row in session.execute(query.limit(limit))]


def has_forms_under(session: Session, kind: EntityKind, key_version: int) -> bool:
    """Say whether a record of a kind still has a form under a version of matching's key."""
    query = (
        select(col(MatchForm.record_id))
        .join(SourceRecord, col(SourceRecord.record_id) == col(MatchForm.record_id))
        .where(col(MatchForm.key_version) == key_version, col(SourceRecord.kind) == kind.value)
    )
    return session.execute(query.limit(1)).first() is not None


def some_forms_of_batch(session: Session, batch_id: BatchId) -> list[StaleForm]:
    """Return some forms that a batch wrote."""
    query = select(*_STALE)
    found = session.execute(query.where(col(MatchForm.batch_id) == batch_id).limit(_AT_ONCE))
    return [StaleForm(*row) for row in found]


def drop_forms(session: Session, erased: Sequence[StaleForm]) -> int:
    """Delete forms of records that are erased, with their tokens, wherever they stand; return how many."""
    return _dropped(session, erased, leaving=())


def forget_forms(session: Session, stale: Sequence[StaleForm]) -> int:
    """Delete forms of earlier revisions with those of their tokens that no other form of the record has.

    What is being staged is left alone: its tokens are written before its forms are.
    """
    return _dropped(session, stale, leaving=staged_runs(session))


def _dropped(session: Session, stale: Sequence[StaleForm], *, leaving: Collection[int]) -> int:
    held = [each for _, each in _read(session, list({each.record for each in stale}))]
    for version in sorted({(each.key_version, each.form_version) for each in stale}):
        gone = _carried_by(stale, version) - _carried_by(set(held).difference(stale), version)
        entries = Entries.of([token for token, _ in gone], [record for _, record in gone])
        for kind in EntityKind:
            take_out(session, Found(kind.value, *version), entries, leaving=leaving)
    return drop_forms_alone(session, stale)


def drop_forms_alone(session: Session, stale: Sequence[StaleForm]) -> int:
    """Delete forms whose tokens go with the runs that hold them; return how many."""
    named = [
        {
            "of_record": each.record,
            "of_revision": each.revision,
            "of_key": each.key_version,
            "of_form": each.form_version,
        }
        for each in stale
    ]
    if named:
        session.connection().execute(_ONE_FORM, named)
    return len(stale)


def _carried_by(forms: Collection[StaleForm], version: tuple[int, int]) -> set[tuple[int, bytes]]:
    """Return token and record of forms in one version."""
    mine = [each for each in forms if (each.key_version, each.form_version) == version]
    return {(int(token), each.record) for each in mine for token in np.frombuffer(each.tokens, dtype=">i8")}


def _read(session: Session, records: Sequence[bytes]) -> list[tuple[str, StaleForm]]:
    return [(state, StaleForm(*row)) for state, *row in select_among(session, _OF_RECORDS, records)]


def _dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


@lru_cache(maxsize=4)
def _new(table: type[SQLModel], key: tuple[str, ...], dialect: str) -> Insert:
    """Make the statement once a dialect, so that it is compiled once."""
    make = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement: Insert = make(table).on_conflict_do_nothing(index_elements=list(key))
    return statement
