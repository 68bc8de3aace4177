"""The suppression list: who must not come back, and whose no waits for a record that carries their identifier.

Data category: pseudonymous (keyed digests of identifiers; none can be read back, and none is linked to a record).
Retention: until lifted; the list is kept to honour erasures and objections (Article 17(3)(b), 21(3), 5(2)).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class SuppressionEntry(SQLModel, table=True):
    """One keyed digest, appended; the database itself refuses update and delete.

    `seq` is in the order of commits: whoever adds entries holds the epoch's lock. Entries of one `set_id` are of one
    person or one wish, and are lifted together. `purpose`, `act`, `channel` and `at` are those of an opt-out.
    """

    __tablename__ = "suppression_entry"

    seq: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    set_id: bytes = Field(index=True)
    kind: str
    attribute: str
    token: bytes = Field(index=True)
    purpose: str = ""
    act: str = ""
    channel: str = ""
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: bytes
    reason: str
    standardiser_version: int
    key_version: int


class SuppressionLift(SQLModel, table=True):
    """The row that lifts a set of entries, appended: since when, by whom and why."""

    __tablename__ = "suppression_lift"

    set_id: bytes = Field(primary_key=True)
    lifted_at: datetime = Field(sa_type=Instant)
    actor: bytes
    reason: str
