"""What the batch tables hold, as frozen values to read: a delivery, a figure of it, a row that it refused."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A delivery as it stands (`ingest.tables.batch.Batch` says what each column means)."""

    batch_id: bytes
    contract: str
    contract_hash: bytes
    source: str
    canonical_table: str
    lane: str
    retry_of: bytes | None
    state: str
    started_at: datetime
    lease_until: datetime
    visible_at: datetime | None
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_suppressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a delivery: a share, hours or a count, by `metric`; `breached` if its contract promised better."""

    metric: str
    column_name: str
    value: float
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that was refused: where and why in clear, the row itself sealed under a key of the batch."""

    row_id: bytes
    batch_id: bytes
    line: int
    column_name: str
    rule: str
    remedy: str
    key_id: bytes
    sealed: bytes
    expires_at: datetime
