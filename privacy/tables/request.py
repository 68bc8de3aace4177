"""Subject requests: where each stands, every step it took, and the decisions that a right asks to be on record.

Data category: none of these rows identifies anybody (random record ids, codes, instants). Retention: as long as the
controller can be held to account for the answer (Article 5(2), 12); erasure deletes the record's mapping, not the row.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class SubjectRequestRow(SQLModel, table=True):
    """A request as it stands: the fold of its steps.

    `due_on` is a day (ISO 8601) at the controller's seat, null while the clock stands still; `version` counts the
    steps, so that of two people who take the next one at once only the first does.
    """

    __tablename__ = "subject_request"

    request_id: bytes = Field(primary_key=True)
    right: str
    state: str = Field(index=True)
    arrival: str
    language: str
    received_at: datetime = Field(sa_type=Instant)
    due_on: str | None = None
    record_id: bytes | None = Field(default=None, index=True)
    duplicate_of: bytes | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int


class SubjectRequestStep(SQLModel, table=True):
    """One step, appended; the database itself refuses update and delete."""

    __tablename__ = "subject_request_step"

    request_id: bytes = Field(primary_key=True)
    number: int = Field(primary_key=True)
    state: str
    at: datetime = Field(sa_type=Instant)
    actor: bytes
    reason: str = ""


class BalancingTest(SQLModel, table=True):
    """Whose interests weighed more when somebody objected (Article 21(1)), for one purpose; appended.

    `ground` is a code, `document_ref` names the assessment in the files of the DPO.
    """

    __tablename__ = "balancing_test"

    request_id: bytes = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    outcome: str
    ground: str
    document_ref: str
    decided_by: bytes
    decided_at: datetime = Field(sa_type=Instant)


class ScoreReview(SQLModel, table=True):
    """What a human said of one score (Article 22(3)); appended, the newest holds."""

    __tablename__ = "score_review"

    review_id: bytes = Field(primary_key=True)
    request_id: bytes = Field(index=True)
    record_id: bytes = Field(index=True)
    module: str
    model_id: bytes
    scored_at: datetime = Field(sa_type=Instant)
    outcome: str
    reason: str
    reviewed_by: bytes
    reviewer_person: bytes
    reviewed_at: datetime = Field(sa_type=Instant)


class RequestAnswer(SQLModel, table=True):
    """What was done that answers a right: an export, a correction, or a word on what was done elsewhere; appended.

    `record_id` is one record of the person, `request_id` null where it was done without a request. `reason` is a code
    and `reference` the name of a case or file, both "" where the hub itself did it.
    """

    __tablename__ = "request_answer"

    answer_id: bytes = Field(primary_key=True)
    right: str
    record_id: bytes = Field(index=True)
    request_id: bytes | None = Field(default=None, index=True)
    at: datetime = Field(sa_type=Instant)
    actor: bytes
    reason: str = ""
    reference: str = ""
