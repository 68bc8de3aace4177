"""The hub's own identity. Data category: none. Retention: the life of the hub."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class InstanceRow(SQLModel, table=True):
    """One random id that is part of every sealed cell's address; a restore keeps it."""

    __tablename__ = "instance"

    id: int = Field(primary_key=True)
    instance_id: bytes
    created_at: datetime = Field(sa_type=Instant)
