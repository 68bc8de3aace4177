"""Models and their manifests, studies and what people said of their proposals.

Data category: none: a model file holds no personal data, a study and its tasks figures of ten customers and more.
Retention: three years.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ModelVersion(SQLModel, table=True):
    """One trained model: what it learned from, what it promised, where its file is.

    `members`: whom it learned from, as a sealed set of ordinals, at that revision of the crosswalk; None for a model
    that was trained before members were kept.
    """

    __tablename__ = "model_version"

    model_id: bytes = Field(primary_key=True)
    module: str = Field(index=True)
    view: str
    view_version: int
    spec_hash: bytes
    trained_at: datetime = Field(sa_type=Instant)
    trained_by: bytes
    training_release: bytes
    file_sha256: bytes
    members: bytes | None = None
    crosswalk_revision: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    report: str = Field(sa_type=Text)
    current: bool = False
    retrain_by: datetime | None = Field(default=None, sa_type=Instant)  # somebody whom it learned from was erased


class VoiceStudy(SQLModel, table=True):
    """What was told of answers, cases and steps at an instant (`predict.voice.study`); `told` is JSON."""

    __tablename__ = "voice_study"

    study_id: bytes = Field(primary_key=True)
    as_of: datetime = Field(sa_type=Instant)
    made_at: datetime = Field(sa_type=Instant, index=True)
    made_by: bytes
    told: str = Field(sa_type=Text)


class FindingVerdict(SQLModel, table=True):
    """What somebody said of a proposal after looking, the newest counts; `levels` is JSON, `evidence` sealed text."""

    __tablename__ = "finding_verdict"

    verdict_id: bytes = Field(primary_key=True)
    finding: str = Field(index=True)
    levels: str = Field(sa_type=Text)
    verdict: str
    evidence: bytes
    said_at: datetime = Field(sa_type=Instant)
    said_by: bytes


class VoiceTask(SQLModel, table=True):
    """What a rule asked for after a study (`predict.voice.rules.Task`); open until somebody did it or dropped it."""

    __tablename__ = "voice_task"

    task_id: bytes = Field(primary_key=True)
    key: str = Field(index=True)
    rule: str
    subject: str
    act: str = Field(sa_type=Text)
    owner: str
    escalate_to: str
    opened_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    escalate_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: bytes | None = None
    outcome: str | None = None


class OfferedAnswer(SQLModel, table=True):
    """An approved answer, or a candidate for the page of questions, that a page of suggestions had; and when last."""

    __tablename__ = "offered_answer"

    name: str = Field(primary_key=True)
    offered_at: datetime = Field(sa_type=Instant)
