"""Batches, their metrics and their rejected rows.

Data category: batch and metric none; quarantine rows personal, sealed. Retention: quarantine 30 days, metrics two
years.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class Batch(SQLModel, table=True):
    """One delivery: staged -> visible -> settled, or aborted.

    `idempotency_key` is SHA-256 of (contract, file content), so one file counts once, whatever crashes. One batch of a
    `lane` is staged at a time, so that no two count what the other has not shown yet. `retry_of` is the batch whose
    refused rows were tried again: such a batch is no delivery, and stands in no trend. `contract_version` is null in
    batches older than the column. `swept_at` says since when nothing of an aborted batch is left, `counted_in` which
    rebuild of matching has counted the batch's common values anew, so that its own counts say nothing any more.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index(
            "ux_batch_live",
            "idempotency_key",
            unique=True,
            sqlite_where=text("state <> 'aborted'"),
            postgresql_where=text("state <> 'aborted'"),
        ),
        Index(
            "ux_batch_lane",
            "lane",
            unique=True,
            sqlite_where=text("state = 'staged'"),
            postgresql_where=text("state = 'staged'"),
        ),
    )

    batch_id: bytes = Field(primary_key=True)
    contract: str = Field(index=True)
    contract_hash: bytes
    contract_version: int | None = None
    source: str
    canonical_table: str
    idempotency_key: bytes
    lane: str
    retry_of: bytes | None = None
    state: str = Field(index=True)
    started_at: datetime = Field(sa_type=Instant)
    lease_until: datetime = Field(sa_type=Instant)
    visible_at: datetime | None = Field(default=None, sa_type=Instant)
    swept_at: datetime | None = Field(default=None, sa_type=Instant)
    counted_in: bytes | None = None
    principal_id: bytes
    rows_read: int = Field(default=0, sa_type=BigInteger)
    rows_accepted: int = Field(default=0, sa_type=BigInteger)
    rows_quarantined: int = Field(default=0, sa_type=BigInteger)
    rows_duplicate: int = Field(default=0, sa_type=BigInteger)
    rows_suppressed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class BatchMetric(SQLModel, table=True):
    """One figure of one batch (completeness of a column.

    Volume, staleness, new category values): the trend's points.
    """

    __tablename__ = "batch_metric"

    batch_id: bytes = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    column_name: str = Field(primary_key=True)
    value: float
    breached: bool = False


class CategoryValue(SQLModel, table=True):
    """A category value that a contract has delivered, as a keyed digest, with the batch that first brought it."""

    __tablename__ = "category_value"

    contract: str = Field(primary_key=True)
    column_name: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    batch_id: bytes = Field(primary_key=True, index=True)


class QuarantineRow(SQLModel, table=True):
    """A rejected row: where and why in clear, the row itself sealed under a key of the batch."""

    __tablename__ = "quarantine_row"

    row_id: bytes = Field(primary_key=True)
    batch_id: bytes = Field(index=True)
    line: int = Field(sa_type=BigInteger)
    column_name: str
    rule: str
    remedy: str
    subject_index: bytes | None = Field(default=None, index=True)
    key_id: bytes
    sealed: bytes
    expires_at: datetime = Field(sa_type=Instant)
