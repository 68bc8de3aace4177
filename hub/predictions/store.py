"""Models: what they learned from, what they promised, which one is current; their files hold no personal data."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlmodel import Session, col

from hub.errors import ModelNotFound
from hub.predictions.tables import ModelVersion
from privacy.store.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A model as it stands (`hub.predictions.tables.ModelVersion` says what each column means)."""

    model_id: bytes
    module: str
    view: str
    view_version: int
    spec_hash: bytes
    trained_at: datetime
    trained_by: bytes
    training_release: bytes
    file_sha256: bytes
    members: bytes | None = None
    crosswalk_revision: int = 0
    report: str
    current: bool = False
    retrain_by: datetime | None = None


def add_model(session: Session, row: Mapping[str, Any]) -> None:
    """Add a model and make it the current one of its module."""
    session.execute(update(ModelVersion).where(col(ModelVersion.module) == row["module"]).values(current=False))
    session.execute(insert(ModelVersion), [{**row, "current": True}])


def add_challenger(session: Session, row: Mapping[str, Any]) -> None:
    """Add a model that is not the current one of its module: it is there to be compared."""
    session.execute(insert(ModelVersion), [{**row, "current": False}])


def adopt(session: Session, model: TrainedModel) -> None:
    """Make a model the current one of its module."""
    mine = col(ModelVersion.module) == model.module
    session.execute(update(ModelVersion).where(mine).values(current=col(ModelVersion.model_id) == model.model_id))


def get_model(session: Session, module: str, model_id: bytes) -> TrainedModel:
    """Return a model of a module by its id.

    Raises:
        ModelNotFound: there is none of that id.

    """
    query = select(ModelVersion).where(col(ModelVersion.module) == module, col(ModelVersion.model_id) == model_id)
    row: ModelVersion | None = session.execute(query).scalar_one_or_none()
    if row is None:
        raise ModelNotFound(module)
    return frozen(TrainedModel, row)


def newest_other(session: Session, champion: TrainedModel) -> TrainedModel:
    """Return the newest model of a module beside its current one.

    Raises:
        ModelNotFound: there is no other.

    """
    others = [each for each in all_models(session) if each.module == champion.module and not each.current]
    if not others:
        remedy = f"Run `varde predict train {champion.module} --until DAY`: it makes one beside it"
        raise ModelNotFound(champion.module, "there is no other model to compare the current one with", remedy)
    return others[0]


def current_model(session: Session, module: str) -> TrainedModel:
    """Return the current model of a module.

    Raises:
        ModelNotFound: none has been trained.

    """
    query = select(ModelVersion).where(col(ModelVersion.module) == module, col(ModelVersion.current))
    row: ModelVersion | None = session.execute(query).scalar_one_or_none()
    if row is None:
        raise ModelNotFound(module)
    return frozen(TrainedModel, row)


def all_models(session: Session) -> list[TrainedModel]:
    """List every model, newest first."""
    query = select(ModelVersion).order_by(col(ModelVersion.trained_at).desc())
    return [frozen(TrainedModel, row) for row in session.execute(query).scalars()]


def write_artefact(folder: Path, model_id: bytes, artefact: bytes) -> bytes:
    """Write a model file durably; return its SHA-256."""
    path = artefact_path(folder, model_id)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(artefact)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return hashlib.sha256(artefact).digest()


def read_artefact(folder: Path, row: TrainedModel) -> bytes:
    """Read a model file back.

    Raises:
        ModelNotFound: it is gone or not what was trained.

    """
    try:
        artefact = artefact_path(folder, row.model_id).read_bytes()
    except OSError:
        raise ModelNotFound(row.module, because="the current model's file cannot be read") from None
    if hashlib.sha256(artefact).digest() != row.file_sha256:
        raise ModelNotFound(row.module, because="the current model's file was changed since it was kept")
    return artefact


def artefact_path(folder: Path, model_id: bytes) -> Path:
    """Name a model's file."""
    return folder / f"{model_id.hex()}.model.json"


def mark_for_retraining(session: Session, models: Sequence[bytes], *, by: datetime) -> None:
    """Note by when models are to be trained anew, because somebody whom they learned from was erased.

    The earlier date stands.
    """
    unmarked = or_(col(ModelVersion.retrain_by).is_(None), col(ModelVersion.retrain_by) > by)
    if models:
        mine = update(ModelVersion).where(col(ModelVersion.model_id).in_(models), unmarked)
        session.execute(mine.values(retrain_by=by))
