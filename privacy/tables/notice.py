"""Privacy notices as they stood, and who decided whether a changed purpose asks again.

Data category: none (texts for everybody, counts, ids of colleagues). Retention: permanent: which text a consent was
given under must be shown for as long as the consent is relied on (Art. 7(1), 5(2)). Append-only.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class NoticeRow(SQLModel, table=True):
    """The notice of one purpose in all languages, named by the SHA-256 of its content; `texts` is canonical JSON."""

    __tablename__ = "notice"

    notice_hash: bytes = Field(primary_key=True)
    purpose: str = Field(index=True)
    purpose_version: int
    notice_version: str
    texts: str = Field(sa_type=Text)
    kept_at: datetime = Field(sa_type=Instant)
    kept_by: bytes


class ReconsentRow(SQLModel, table=True):
    """One decision: whether people who consented are asked again under the rules of `purpose_hash`.

    `people_lost` is how many would be read no more, as it was when the decision was made.
    """

    __tablename__ = "reconsent_decision"

    decision_id: bytes = Field(primary_key=True)
    purpose: str
    purpose_version: int
    purpose_hash: bytes = Field(index=True)
    outcome: str
    people_lost: int = Field(sa_type=BigInteger)
    document_ref: str
    decided_at: datetime = Field(sa_type=Instant)
    decided_by: bytes
