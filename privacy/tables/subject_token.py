"""What lets a data subject act on their own choices: scoped tokens, kept as digests.

Data category: identifier (whoever holds the token acts for the record). Retention: until the token expires or is
revoked; erased with the subject.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class SubjectTokenRow(SQLModel, table=True):
    """One token of one record: SHA-256 of 32 random bytes, what it opens, for which purposes, until when.

    `proven_field` and `proven_index` are the blind index of the identifier that the holder was reached or proven by,
    null where none was: whoever else carries it is meant by a no too. `proven_digest` is its digest for the suppression
    list, under version `proven_key` of the list's key: whoever comes to carry it later is meant as well.
    """

    __tablename__ = "subject_token"

    token_hash: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    scope: str
    purposes: str
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    proven_field: str | None = None
    proven_index: bytes | None = None
    proven_digest: bytes | None = None
    proven_key: int | None = None
