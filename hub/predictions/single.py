"""One customer's score from the online read: the row as a batch would have it, by the model that a batch would use.

The read is decided, fenced and audited as every single row of a snapshot is (`hub.views.online`). The score is looked
at and not kept: the lake keeps those of batches. What is scored is as old as the view's snapshot, and says so.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.predictions import store
from hub.predictions.lessons import modelled, scoring_view_of, spec_of, verify_model
from hub.predictions.store import TrainedModel
from hub.predictions.warm import WarmChildren
from hub.views.compile import AS_OF
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader, reader_of
from hub.views.online import Row, read_row
from hub.views.release import dtype_of
from hub.views.spec import ViewSpec
from predict.wire import Message, arrow
from privacy.store.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """What a model says of one customer at the instant of the snapshot; the reasons are in words."""

    pseudonym: bytes
    as_of: datetime
    expires_at: datetime
    probability: float = field(repr=False)
    low: float = field(repr=False)
    high: float = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)
    prohibited_uses: tuple[str, ...]


def score_one(
    hub: Hub, who: Principal | Reader, module: str, pseudonym: bytes, *, language: str = "en"
) -> Single | None:
    """Score one customer of the scoring view's newest snapshot; None for nobody that may be read.

    Raises:
        AccessRefused: the gate said no, there is no snapshot, or the view's rows are no customers.
        ModelNotFound: none has been trained.
        ChildFailed: the module refused the row.
        ChildBusy: others' questions took too long.

    """
    with hub.reading() as session:
        model = store.current_model(session, module)
    known = hub.memory.of(Verified)
    spec = known.of(hub, model)
    row = read_row(hub, replace(reader_of(who), module=module), spec.name, pseudonym, purpose=spec.purpose)
    if row is None:
        return None
    if row.version != spec.version:  # approved since: what was verified is of the version before
        known.forget(model)
        spec = known.of(hub, model)
    message = Message({"language": language}, {"frame": arrow(_frame(row, spec))}, {"frame": "arrow"})
    artefact = partial(store.read_artefact, hub.settings.models_folder, model)
    told = hub.memory.of(WarmChildren).ask(module, model.model_id, artefact, message).fields
    return Single(
        pseudonym=pseudonym,
        as_of=row.as_of,
        expires_at=row.expires_at,
        reasons=tuple(map(str, told["reasons"])),
        prohibited_uses=row.prohibited_uses,
        **{name: float(figure) for name, figure in told["score"].items()},
    )


class Verified:
    """The scoring views of models, verified once: what they say is theirs for good, and the gate asks who may read."""

    def __init__(self) -> None:
        self._specs: dict[bytes, ViewSpec] = {}

    def of(self, hub: Hub, model: TrainedModel) -> ViewSpec:
        """Return the view that a model scores by; raises AccessRefused as `verify_model` does."""
        found = self._specs.get(model.model_id)
        if found is None:
            found = spec_of(hub, scoring_view_of(model.view))
            if found.key is not None:
                raise AccessRefused("rows_are_no_customers", "Score the batch: a customer has several rows here")
            verify_model(hub, model, found)
            self._specs = {each: spec for each, spec in self._specs.items() if spec.name != found.name}
            self._specs[model.model_id] = found
        return found

    def forget(self, model: TrainedModel) -> None:
        """Verify anew at the next question."""
        self._specs.pop(model.model_id, None)


def _frame(row: Row, spec: ViewSpec) -> pl.DataFrame:
    """Lay the row out as a batch's frame has it."""
    types = {one.name: dtype_of(one) for one in spec.released if one.name in row.features}
    frame = pl.DataFrame({name: [row.features[name]] for name in types}, schema=types)
    known = frame.with_columns(pl.lit(row.pseudonym).alias(PSEUDONYM), pl.lit(row.as_of).alias(AS_OF))
    return modelled(known, spec)
