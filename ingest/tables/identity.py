"""The entity registry, the crosswalk and its history.

Data category: none (random ids). Retention: with the records; history rows keep random ids only.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class Entity(SQLModel, table=True):
    """A resolved person or organisation; the id is stable for life, the oldest survives a merge.

    `revision` is the crosswalk revision that last changed its record set: scores made before it are void.
    """

    __tablename__ = "entity"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entity_id: bytes = Field(primary_key=True)
    kind: str
    created_at: datetime = Field(sa_type=Instant)
    revision: int = Field(default=0, sa_type=BigInteger)
    merged_into: bytes | None = None


class Crosswalk(SQLModel, table=True):
    """Which entity a record belongs to now; `ordinal` names it in the members of releases, from its first on."""

    __tablename__ = "crosswalk"
    __table_args__ = (
        Index(
            "ux_crosswalk_ordinal",
            "ordinal",
            unique=True,
            sqlite_where=text("ordinal IS NOT NULL"),
            postgresql_where=text("ordinal IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    record_id: bytes = Field(primary_key=True)
    entity_id: bytes = Field(index=True)
    kind: str
    ordinal: int | None = Field(default=None, sa_type=BigInteger)


class OrdinalCounter(SQLModel, table=True):
    """The one row that says which ordinal is given next; it only goes on, so that no number is used twice."""

    __tablename__ = "ordinal_counter"

    id: int = Field(primary_key=True)
    next: int = Field(sa_type=BigInteger)


class CrosswalkEvent(SQLModel, table=True):
    """One move of one record between entities.

    With its cause and author: merge and unmerge are reversible from it.
    """

    __tablename__ = "crosswalk_event"

    revision: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    record_id: bytes = Field(index=True)
    from_entity: bytes
    to_entity: bytes
    cause: str
    actor: bytes
    batch_id: bytes | None = None
    at: datetime = Field(sa_type=Instant)


class ContactOf(SQLModel, table=True):
    """Which organisation's record a person's record is a contact of, as each batch said.

    The newest counted one holds.
    """

    __tablename__ = "contact_of"

    person_record: bytes = Field(primary_key=True)
    batch_id: bytes = Field(primary_key=True, index=True)
    organisation_record: bytes = Field(index=True)
