"""The hub's own identity. Data category: none. Retention: the life of the hub."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class InstanceRow(SQLModel, table=True):
    """One random id that is part of every sealed cell's address, kept by a restore; and how the home joins records.

    `matching` is what `varde init` made it with, and holds where no setting says otherwise.
    """

    __tablename__ = "instance"

    id: int = Field(primary_key=True)
    instance_id: bytes
    created_at: datetime = Field(sa_type=Instant)
    matching: str = Field(default="exact", sa_column_kwargs={"server_default": "exact"})
