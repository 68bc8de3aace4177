"""What a view is, for whoever reads it: which columns leave, what each means and why it is needed, and until when.

Nothing here is counted from anybody's data but how many rows its snapshot has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.views.admission import verify_may_read
from hub.views.feature import Aggregate, Staged
from hub.views.registry import readable_spec
from hub.views.row_key import RowKind
from hub.views.snapshot_store import Snapshot, newest_snapshot
from hub.views.spec import ViewSpec
from hub.views.told import Told, told_columns, told_flags
from hub.views.use import prohibited_of
from hub.views.version import ViewState, newest_version
from ingest.canonical.table import INSTANT
from privacy.store.policy import find_policy
from privacy.store.principal import Principal

_KEY_TYPES: Final[Mapping[RowKind, pl.DataType]] = {
    RowKind.ASSET: pl.Binary(),
    RowKind.MESSAGE: pl.Binary(),
    RowKind.CUSTOMER_PRODUCT: pl.String(),
    RowKind.TIME_BUCKET: INSTANT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDescribed:
    """A column that leaves: its type and unit, its part in a model, its name in words, what it is read from, and why.

    `reads` are `table.column`; `rationale` is what the author wrote for the approver, empty if nothing.
    """

    name: str
    dtype: pl.DataType
    unit: str
    role: str | None
    labels: Mapping[str, str]
    reads: tuple[str, ...]
    generalised: bool
    rationale: str

    @property
    def type_name(self) -> str:
        """Return the type in a word."""
        return str(self.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDescribed:
    """Rows that are kept for reading at once: of which instant, made when, until when they serve, how many."""

    as_of: datetime
    made_at: datetime
    serves_until: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A view that may be read now."""

    view: str
    version: int
    spec_hash: str
    description: str
    purpose: str
    consumer: str
    grain: str
    as_of_grid: str
    reads: str | None
    k: int
    quasi_identifiers: tuple[str, ...]
    expires_days: int
    approved_at: datetime | None
    approved_until: datetime | None
    review_at: datetime | None
    prohibited_uses: tuple[str, ...]
    columns: tuple[ColumnDescribed, ...]
    snapshot: SnapshotDescribed | None
    schema: pl.Schema


def describe(hub: Hub, by: Principal, view: str) -> Description:
    """Describe a view to somebody who may read it.

    Raises:
        AccessRefused: they may not, or nobody may now.

    """
    at = hub.clock()
    with hub.reading() as session:
        policy = find_policy(session) or hub.policy()
        spec = readable_spec(session, policy, view, at=at)
        verify_may_read(by, view, spec.purpose)
        version, kept = newest_version(session, view, ViewState.APPROVED), newest_snapshot(session, view)
    serves = kept is not None and kept.spec_hash == spec.hash and at < kept.expires_at
    return Description(
        view=spec.name,
        version=spec.version,
        spec_hash=spec.hash.hex(),
        description=spec.description,
        purpose=spec.purpose,
        consumer=spec.consumer,
        grain=spec.grain.value,
        as_of_grid=spec.grid.value,
        reads=f"{spec.reads.at_most} a {spec.reads.per}" if spec.reads else None,
        k=spec.k,
        quasi_identifiers=spec.quasi_identifiers,
        expires_days=spec.expires_days,
        approved_at=version.approved_at if version else None,
        approved_until=version.expires_at if version else None,
        review_at=version.review_at if version else None,
        prohibited_uses=prohibited_of(policy.purpose(spec.purpose)),
        columns=tuple(_column(spec, each) for each in told_columns(spec)),
        snapshot=_snapshot(kept) if kept is not None and serves else None,
        schema=schema_of(spec),
    )


def _snapshot(kept: Snapshot) -> SnapshotDescribed:
    return SnapshotDescribed(as_of=kept.as_of, made_at=kept.made_at, serves_until=kept.expires_at, rows=kept.rows)


def schema_of(spec: ViewSpec) -> pl.Schema:
    """Return the columns of a view's rows, or of its cells, with their types."""
    told = {each.name: each.dtype for each in told_columns(spec)}
    if spec.summary is not None:
        return pl.Schema({**told, **told_flags(spec)})
    key = {} if spec.key is None else {spec.key.name: _KEY_TYPES[spec.key.kind]}
    return pl.Schema({"pseudonym": pl.Binary(), **key, **told})


def _column(spec: ViewSpec, told: Told) -> ColumnDescribed:
    read = set[str](told.sources).union(*(_reads(spec, name) for name in told.features))
    return ColumnDescribed(
        name=told.name,
        dtype=told.dtype,
        unit=told.unit.value,
        role=told.role.value if told.role else None,
        labels=dict(spec.texts.get(told.name, {})),
        reads=tuple(sorted(read)),
        generalised=told.generalised,
        rationale=spec.rationales.get(told.name, ""),
    )


def _reads(spec: ViewSpec, name: str) -> set[str]:
    """Return what a feature is read from, through the features that it is derived of."""
    feature = next(each for each in spec.features if each.name == name)
    if isinstance(feature, Aggregate):
        return {f"{feature.rows.table}.{column}" for column in (*feature.columns, "event_time")}
    before = feature.reads if isinstance(feature, Staged) else (feature.left, feature.right)
    return set[str]().union(*(_reads(spec, each) for each in before))
