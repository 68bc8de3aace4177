"""Recipients of personal data, and what they are told of people's acts (Article 19).

Data category: none of the recipient; of the notice a person's pseudonyms, sealed until the notice has ended.
Retention: a recipient for good (who received data must stay answerable); a notice as proof that it was told, without
its content, by random ids that lead to nobody once the person is erased.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class RecipientRow(SQLModel, table=True):
    """Somebody outside to whom rows of some purposes are handed; `sealed` holds address and signing secret."""

    __tablename__ = "recipient"

    recipient_id: bytes = Field(primary_key=True)
    name: str = Field(index=True)
    kind: str
    purposes: str = Field(sa_type=Text)
    sealed: bytes
    added_at: datetime = Field(sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)


class RecipientNotice(SQLModel, table=True):
    """What a recipient is told of one person: waiting -> told, refused, expired or unnamed.

    `recipient` is its name, `act_id` the erasure or the request, `envelope` what is sent, sealed; `status` what the
    recipient's server answered last. `due_at` is when it may be tried next: whoever tries it moves that on first.
    """

    __tablename__ = "recipient_notice"

    notice_id: bytes = Field(primary_key=True)
    recipient_id: bytes
    recipient: str
    record_id: bytes = Field(index=True)
    act_id: bytes = Field(index=True)
    kind: str
    purpose: str
    envelope: bytes
    state: str
    status: int | None = None
    attempts: int = 0
    claim: bytes | None = None
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant, index=True)
    expires_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class RecipientMark(SQLModel, table=True):
    """Up to which entry of the ledger restrictions that came with a file were looked at; one row."""

    __tablename__ = "recipient_mark"

    mark_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    epoch: int = Field(sa_type=BigInteger)
    place: int
