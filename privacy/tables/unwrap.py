"""How many keys each run of a process unwrapped, for which act. Data category: none. Retention: as audit bodies."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class UnwrapTally(SQLModel, table=True):
    """Keys of one kind that one run unwrapped for one act (empty: for none that was named); counts only rise.

    Kept from `first_at` to `last_at`; none where it was kept by a version that told no time.
    """

    __tablename__ = "unwrap_tally"

    run_id: bytes = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    act_id: bytes = Field(primary_key=True)
    unwrapped: int = Field(sa_type=BigInteger)
    first_at: datetime | None = Field(default=None, sa_type=Instant)
    last_at: datetime | None = Field(default=None, sa_type=Instant)
