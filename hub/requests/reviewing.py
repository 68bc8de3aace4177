"""A human's word on a score (Art. 22(3)): by somebody who is no machine and did not train the model.

The newest word holds. It is shown beside the score in the person's export; a score that was set aside says so there,
and nothing may rest on it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.consents import Subject
from hub.errors import AccessRefused
from hub.lake.reading import reading
from hub.me.scores import Explained, explain_scores
from hub.predictions.store import all_models
from hub.requests.steps import get_request, subject_of, verify_worked_on
from ingest.store.record_set import revisions_of
from privacy.audit import AuditFields
from privacy.request import Right, StepRefused
from privacy.store.principal import Principal
from privacy.store.score_review import Reviewed, add_review
from privacy.terms import RecordId, Role, random_id


class Verdict(StrEnum):
    """What a human says of a score."""

    CONFIRMED = "confirmed"
    SET_ASIDE = "set_aside"  # it is shown as set aside, and nothing may rest on it


class ReviewReason(StrEnum):
    """Why a human confirms a score or sets it aside."""

    PLAUSIBLE = "plausible"
    WRONG_INPUT = "wrong_input"
    MISSING_CONTEXT = "missing_context"
    UNFAIR = "unfair"


_REVISION: Final = "crosswalk_revision"
_PRESENT: Final = {"person": pl.Binary, _REVISION: pl.Int64}
_MAY_REVIEW: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT, Role.SUCCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A human's word on the newest score of a module."""

    module: str
    verdict: Verdict
    reason: ReviewReason


def scores_to_review(hub: Hub, request_id: bytes, by: Principal) -> list[Explained]:
    """Show the person's newest scores in words to whoever is to review one; audited first."""
    _verify_reviewer(by)
    subject, language = _reviewed(hub, request_id)
    return explain_scores(hub, subject.records, language, by=by.principal_id)


def review(hub: Hub, request_id: bytes, word: Review, by: Principal) -> bytes:
    """Put a human's word on the newest score of a module on record; return the review's id.

    Raises:
        AccessRefused: the role is no human's, or the reviewer trained the model.
        StepRefused: there is no such score, or the request is not being worked on.

    """
    _verify_reviewer(by)
    subject, _ = _reviewed(hub, request_id)
    fields = AuditFields(
        act_id=request_id,
        records=subject.records,
        module=word.module,
        outcome=word.verdict.value,
        reason=word.reason.value,
    )
    with hub.unit_of_work() as session:
        hub.audit(session, "request.review", by.principal_id, fields)
    record, model_id, scored_at = _newest_score(hub, subject, word.module)
    reviewed = Reviewed(
        review_id=random_id(),
        request_id=request_id,
        record_id=record,
        module=word.module,
        model_id=model_id,
        scored_at=scored_at,
        outcome=word.verdict.value,
        reason=word.reason.value,
        reviewed_by=by.principal_id,
        reviewer_person=by.person_id,
        reviewed_at=hub.clock(),
    )
    with hub.unit_of_work() as session:
        if by.principal_id in {each.trained_by for each in all_models(session) if each.model_id == model_id}:
            raise AccessRefused("reviewer_trained_the_model", "Somebody else looks at its scores")
        add_review(session, reviewed)
    return reviewed.review_id


def _reviewed(hub: Hub, request_id: bytes) -> tuple[Subject, str]:
    with hub.reading() as session:
        request = get_request(session, request_id)
        return subject_of(session, verify_worked_on(request, Right.HUMAN_REVIEW)), request.language


def _newest_score(hub: Hub, subject: Subject, module: str) -> tuple[RecordId, bytes, datetime]:
    """Find the newest score that still is of the present set of records: of another the person is not shown any."""
    with hub.reading() as session:
        revisions = revisions_of(session, subject.records)
    present = pl.DataFrame({"person": list(revisions), _REVISION: list(revisions.values())}, schema=_PRESENT)
    with reading(hub.lake) as reader:
        scores = reader.scan_people("scores", subject.records).filter(pl.col("module") == module)
        valid = scores.join(present.lazy(), on=["person", _REVISION], how="semi")
        rows = reader.collect(
            valid.select("person", "model_id", "scored_at", "event_time").sort("scored_at", "event_time")
        ).rows()
    if not rows:
        raise StepRefused("no_such_score", "Nothing of that module is held of the person")
    record, model_id, scored_at, _ = rows[-1]
    return RecordId(record), model_id, scored_at


def _verify_reviewer(by: Principal) -> None:
    if by.role not in _MAY_REVIEW:
        raise AccessRefused("role_is_no_human_reviewer", f"Ask the {' or '.join(sorted(_MAY_REVIEW))}")
