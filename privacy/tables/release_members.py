"""Who was in which release: the subject access log.

Data category: none by itself (a sealed set of random numbers); together with the crosswalk's ordinals it tells when a
person's data was read. Retention: with the audit bodies. Erasure deletes the ordinals in the crosswalk, so that what
stays here points to nobody.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ReleaseMembers(SQLModel, table=True):
    """The members of one release, as the intent at `intent_leaf` of the audit log announced it."""

    __tablename__ = "release_members"

    intent_leaf: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    release_id: bytes = Field(index=True, unique=True)
    at: datetime = Field(sa_type=Instant, index=True)
    view: str
    purpose: str
    role: str
    module: str | None = None
    grain: str
    crosswalk_revision: int = Field(sa_type=BigInteger)
    members: bytes
