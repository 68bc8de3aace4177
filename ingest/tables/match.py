"""What matching keeps: keyed tokens, pooled counts, edges between records, and what people decided.

Data category: keyed digests and numbers between random ids; nothing of a record's values. Retention: with the records;
counts stay, and no value is counted that fewer than a handful carry.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class MatchForm(SQLModel, table=True):
    """What one revision of a record is found by when records are matched: the way from it to its tokens.

    `tokens` are those of its candidate keys, 8 bytes each, in the order of the spec, and `keys` says which it has (a
    bit each, the first key the lowest; null in forms made before it was kept); `number` is that of a national number
    with right check digits, null where it has none; `country` reads numbers whose row does not say a country. While
    matching moves to a new version of its key or of the standardised form, a revision has a row of each; `MatchServing`
    says which counts.
    """

    __tablename__ = "match_form"
    __table_args__ = ({"sqlite_with_rowid": False},)

    record_id: bytes = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    batch_id: bytes = Field(index=True)
    tokens: bytes
    keys: int | None = Field(default=None, sa_type=BigInteger)
    number: int | None = Field(default=None, sa_type=BigInteger)
    country: str
    key_version: int = Field(primary_key=True)
    form_version: int = Field(primary_key=True)


class MatchServing(SQLModel, table=True):
    """By which version of key and form everybody of a kind is found, from when on and by which rebuild; newest last.

    Without a row it is the first version of both.
    """

    __tablename__ = "match_serving"

    number: int = Field(primary_key=True)
    kind: str
    key_version: int
    form_version: int
    batch_id: bytes
    at: datetime = Field(sa_type=Instant)


class MatchRun(SQLModel, table=True):
    """Tokens that were written together, in order: those of a chunk of a delivery, or of several runs made one.

    A token stands in the block that its first `bits` name. A run is `ready` to be looked into, `merging` while it is
    being written by whoever makes one of several, until an instant, and `dropped` while its blocks are swept.
    `changes` counts how often something was taken out of it.
    """

    __tablename__ = "match_run"
    __table_args__ = ({"sqlite_with_rowid": False},)

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    kind: str
    key_version: int
    form_version: int
    bits: int
    entry_count: int = Field(sa_type=BigInteger)
    state: str
    changes: int = 0
    batch_id: bytes | None = Field(default=None, index=True)
    merging_until: datetime | None = Field(default=None, sa_type=Instant)


class MatchBlock(SQLModel, table=True):
    """Some hundred candidate keys as keyed tokens, and who carries each: whoever shares one is compared.

    `place` is the number of the run and, in its last 24 bits, that of the block; `tokens` are 8 bytes each (little
    endian), in order, `records` the 16 bytes of each one's record.
    """

    __tablename__ = "match_block"

    place: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    tokens: bytes
    records: bytes


class MatchFrequency(SQLModel, table=True):
    """How many records of a batch carry a value, by keyed token; what few carry is pooled under no token.

    `value_count` is how many different values the row stands for, `record_count` how many records carry them.
    """

    __tablename__ = "match_frequency"
    __table_args__ = ({"sqlite_with_rowid": False},)

    batch_id: bytes = Field(primary_key=True)
    column_name: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    value_count: int = Field(sa_type=BigInteger)
    record_count: int = Field(sa_type=BigInteger)


class MatchEdge(SQLModel, table=True):
    """How likely two records are one person, and why, in numbers.

    The record with the smaller id stands first. `levels` is one signed byte a comparison of the model, -1 for absent;
    `weights` four bytes each (IEEE 754, big endian), and those of look-alikes after them. `closing` says that the pair
    was compared because of a neighbour in common.
    """

    __tablename__ = "match_edge"
    __table_args__ = (
        Index("ix_match_edge_other", "other_record"),
        {"sqlite_with_rowid": False},
    )

    record_id: bytes = Field(primary_key=True)
    other_record: bytes = Field(primary_key=True)
    probability: float
    weight: float
    rule: str
    closing: bool
    levels: bytes
    weights: bytes
    model: bytes


class MatchDecision(SQLModel, table=True):
    """What a person decided of two records: `same` or `different`. It stands under both; the newest holds."""

    __tablename__ = "match_decision"
    __table_args__ = ({"sqlite_with_rowid": False},)

    record_id: bytes = Field(primary_key=True)
    other_record: bytes = Field(primary_key=True)
    number: int = Field(primary_key=True)
    verdict: str
    reason: str
    decided_by: bytes
    decided_at: datetime = Field(sa_type=Instant)


class MatchModel(SQLModel, table=True):
    """A model that this home matches by from an instant on; the newest of its kind holds, and none is ever changed.

    `document` is its JSON, which holds shares and counts and no value of a record; null takes the shipped one back.
    """

    __tablename__ = "match_model"

    kind: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    document: str | None = Field(default=None, sa_type=Text)
    digest: bytes
    records: int = Field(sa_type=BigInteger)
    set_by: bytes
    set_at: datetime = Field(sa_type=Instant)
