"""Which retired keys are kept for the sake of backups, and until when.

Data category: none (key ids, names of domains, dates). Retention: permanent (few rows; decisions must be replayable).
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class KeptKeyRow(SQLModel, table=True):
    """A key generation (`gen-...`) or a domain's key (`domain:NAME:VERSION`) that is not destroyed before a date."""

    __tablename__ = "kept_key"

    ref: str = Field(primary_key=True)
    kept_until: datetime = Field(primary_key=True, sa_type=Instant)
    noted_at: datetime = Field(sa_type=Instant)
    noted_by: bytes
