"""How a person wants to be reached, and when they were: what a message is checked against before it is released.

Data category: behaviour, under random record ids, in words and numbers of a small fixed vocabulary. Permission itself
is in the consent ledger. Retention: a wish until the next one; a contact for 400 days; both are erased with the record.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ContactWishRow(SQLModel, table=True):
    """One whole statement of how a person wants to be reached; the newest holds, and no row is ever changed.

    `channels` are words joined by a space, empty for no preference; hours are of the clock in `time_zone`; at most
    `at_most` messages in `per_days` days.
    """

    __tablename__ = "contact_wish"

    wish_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    channels: str = ""
    hour_from: int | None = None
    hour_to: int | None = None
    time_zone: str = ""
    at_most: int | None = None
    per_days: int | None = None
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: bytes
    told_by: str


class ContactMade(SQLModel, table=True):
    """One message, call or letter that was released to a person: what a stated frequency is counted in."""

    __tablename__ = "contact_made"

    contact_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    channel: str
    purpose: str
    at: datetime = Field(sa_type=Instant, index=True)
