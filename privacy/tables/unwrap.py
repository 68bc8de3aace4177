"""How many keys each run of a process unwrapped, for which act. Data category: none. Retention: as audit bodies."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class UnwrapTally(SQLModel, table=True):
    """Keys of one kind that one run unwrapped for one act (empty: for none that was named); counts only rise."""

    __tablename__ = "unwrap_tally"

    run_id: bytes = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    act_id: bytes = Field(primary_key=True)
    unwrapped: int = Field(sa_type=BigInteger)
