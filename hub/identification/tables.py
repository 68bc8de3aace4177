"""One-time codes: who asked to prove that an address is theirs, and how often they have guessed.

Data category: identifier (keyed index of the address that was named; keyed digests of codes). Retention: a day, then
deleted by whoever asks next.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class IdentityChallenge(SQLModel, table=True):
    """One wish to be identified: SHA-256 of a handle that only the asker holds, and an index of what they named.

    Written alike for everybody; `identifier_digest` is what the suppression list would know it by. Whether anybody
    carries the identifier is found out later and elsewhere (`looked_up_at`); only then do `short_digest` and
    `long_digest` exist, and only for somebody who is known.
    """

    __tablename__ = "identity_challenge"

    handle_hash: bytes = Field(primary_key=True)
    field: str
    identifier_index: bytes = Field(index=True)
    identifier_digest: bytes | None = None
    identifier_key: int | None = None
    language: str
    created_at: datetime = Field(sa_type=Instant, index=True)
    expires_at: datetime = Field(sa_type=Instant)
    looked_up_at: datetime | None = Field(default=None, sa_type=Instant)
    record_id: bytes | None = Field(default=None, index=True)
    shared: bool = False
    short_digest: bytes | None = None
    long_digest: bytes | None = Field(default=None, index=True)
    attempts: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
