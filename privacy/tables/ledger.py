"""What must never come back after a restore, in the order in which it was done: erasures, and every act that says no.

Data category: none (random ids). Retention: until every backup that predates the entry has expired. Append-only.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class LedgerRow(SQLModel, table=True):
    """One entry, numbered by the epoch that its act began: epochs commit in order, so entries do.

    The key store and the copy outside hold the same entries; a control database that does not know the newest of
    theirs is an older one. `detail` is what an entry of another kind than an act needs to be made again: keyed digests
    and words, in the form of who wrote it.
    """

    __tablename__ = "ledger_entry"

    epoch: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: bytes
    kind: str
    ref: bytes
    purpose: str
    channel: str
    at: datetime = Field(sa_type=Instant)
    erasure_id: bytes
    detail: str = ""
