"""Models and their manifests. Data category: none (a model file holds no personal data). Retention: three years."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ModelVersion(SQLModel, table=True):
    """One trained model: what it learned from (releases), what it promised, where its file is."""

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
    report: str = Field(sa_type=Text)
    current: bool = False
