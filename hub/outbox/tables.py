"""Letters that wait to be handed to the mail server.

Data category: identifier (address and content, sealed under a key of the person's record, so that both end with it).
Retention: the content until the letter has left, was refused or expired; the empty row 90 days, as proof that it left.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class OutboxLetter(SQLModel, table=True):
    """One letter: waiting -> sent, refused or expired; `sealed` is empty once it has ended.

    `due_at` is when it may be tried next. Whoever tries it moves that on first, so that one process at a time does, and
    another takes over if it never comes back.
    """

    __tablename__ = "outbox_letter"

    letter_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    kind: str
    language: str
    key_id: bytes
    sealed: bytes
    state: str
    attempts: int = 0
    claim: bytes | None = None
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant, index=True)
    expires_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
