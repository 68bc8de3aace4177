"""What was worked out about a person, in words (Articles 13(2)(f), 15(1)(h), 22; CJEU C-203/22, Dun & Bradstreet).

The person is told the figure, its uncertainty, what was looked at, what spoke most for it, and by which procedure: no
formula, and nothing of anybody else. A score counts until its customer's set of records changes. The look is in the
audit log before the lake is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.lake.reading import reading
from hub.me.words import has_word, word
from hub.predictions.store import TrainedModel, all_models
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from ingest.store.identity import anchors_frame, entity_of_record
from privacy.audit import AuditFields
from privacy.purposes import Policy, Purpose
from privacy.store.erasure import tombstones_among
from privacy.terms import EntityKind, PrincipalId, PurposeId, RecordId

_TABLE: Final = "scores"
_REASONS: Final = ("reason_1", "reason_2", "reason_3")
_SHOWN: Final = ("person", "module", "model_id", "scored_at", "event_time", "probability", "low", "high", "band")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One score in words: `in_words` the figure, `reasons` what spoke most for it, `looked_at` all that was weighed."""

    module: str
    purpose: PurposeId | None
    as_of: datetime
    scored_at: datetime
    probability: float
    low: float
    high: float
    band: str
    in_words: str
    reasons: tuple[str, ...]
    looked_at: tuple[str, ...]
    how: str
    who_decides: str


def explain_scores(hub: Hub, records: Sequence[RecordId], language: str, *, by: PrincipalId) -> list[Explained]:
    """Explain the newest score of each module to the person whose records these all are; audited first."""
    with hub.unit_of_work() as session:
        hub.audit(session, "subject.scores", by, AuditFields(records=tuple(records)))
    with hub.reading() as session:
        theirs = {entity_of_record(session, record) for record in records}
        anchors = anchors_frame(session, EntityKind.PERSON, [entity for entity in theirs if entity is not None])
        models = {model.model_id: model for model in all_models(session)}
    rows = _newest(hub, anchors.filter(pl.col("record").is_in([bytes(record) for record in records])))
    with hub.reading() as session:  # an erasure may have closed the person, before or meanwhile: then nothing is told
        if tombstones_among(session, records):
            return []
    policy = hub.policy()
    return [_explained(row, _described(hub, policy, models.get(row["model_id"])), language) for row in rows]


def _newest(hub: Hub, anchors: pl.DataFrame) -> list[dict[str, Any]]:
    """Read the newest score of each module that still is of the customer's present set of records."""
    with reading(hub.lake) as reader:
        if not reader.snapshot.of_table(_TABLE):
            return []
        mine = reader.scan_people(_TABLE, anchors["record"].to_list())
        found = reader.collect(mine.select(*_SHOWN, *_REASONS, "crosswalk_revision"))
    current = anchors.select(person="record", crosswalk_revision="revision")
    valid = found.join(current, on=["person", "crosswalk_revision"], how="semi")
    return valid.sort("scored_at", "event_time").unique("module", keep="last", maintain_order=True).to_dicts()


@dataclass(frozen=True, slots=True)
class _Described:
    """What is known of how a score came about: its purpose, and the names of what its view releases."""

    purpose: Purpose | None = None
    labels: Mapping[str, Mapping[str, str]] | None = None


def _described(hub: Hub, policy: Policy, model: TrainedModel | None) -> _Described:
    spec = None if model is None else _spec_of(hub, policy, model)
    if spec is None:
        return _Described()
    return _Described(policy.purpose(spec.purpose), {each.name: spec.texts[each.name] for each in spec.released})


def _spec_of(hub: Hub, policy: Policy, model: TrainedModel) -> ViewSpec | None:
    """Find the view that a model learned from; one that is not approved any more tells no names, only the codes do."""
    try:
        with hub.reading() as session:
            spec = readable_spec(session, policy, model.view, at=hub.clock())
    except AccessRefused:
        return None
    return spec if spec.hash == model.spec_hash else None


def _explained(row: Mapping[str, Any], described: _Described, language: str) -> Explained:
    labels, purpose = described.labels or {}, described.purpose
    figures = {"percent": row["probability"], "low": row["low"], "high": row["high"]}
    kind = row["module"] if has_word("scores", row["module"]) else "other"
    automated = purpose is not None and purpose.automated_decision
    return Explained(
        module=row["module"],
        purpose=None if purpose is None else purpose.id,
        as_of=row["event_time"],
        scored_at=row["scored_at"],
        probability=row["probability"],
        low=row["low"],
        high=row["high"],
        band=row["band"],
        in_words=word("scores", kind, language, **{name: round(100 * value) for name, value in figures.items()}),
        reasons=tuple(_reason(row[name], labels, language) for name in _REASONS if row[name]),
        looked_at=tuple(sorted(words[language] for words in labels.values())),
        how=word("method", "how", language),
        who_decides=word("method", "automated" if automated else "person", language),
    )


def _reason(code: str, labels: Mapping[str, Mapping[str, str]], language: str) -> str:
    """Put a reason's code (`feature.direction`) in words; a feature without a name for people is named by its code."""
    if has_word("reasons", code):
        return word("reasons", code, language)
    feature, _, direction = code.rpartition(".")
    named = labels.get(feature)
    what = feature if named is None else named[language]
    return word("reasons", direction, language, what=what) if has_word("reasons", direction) else what
