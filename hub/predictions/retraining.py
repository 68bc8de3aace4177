"""Models after somebody whom they learned from is gone: by when they are to be trained anew.

An erasure marks them in its own transaction, because afterwards nothing leads from the person to any model. After an
objection, a withdrawal or a consent that lapsed the person is still there: the next scoring finds them among those who
taught the model, and marks it then. The next training leaves them out by itself: the gate does.
"""

from datetime import datetime, timedelta
from typing import Final

from hub.compose import Hub
from hub.predictions.store import TrainedModel, mark_for_retraining
from hub.views.recall import has_leavers

RETRAIN_WITHIN: Final = timedelta(days=90)
"""By when models that learned from somebody who left are to be trained anew: a quarter, the usual pace."""


def retrain_by(hub: Hub, model: TrainedModel) -> datetime | None:
    """Return by when a model is to be trained anew, and mark it if somebody whom it learned from has left since."""
    if model.retrain_by is not None or not has_leavers(hub, model.training_release):
        return model.retrain_by
    until = hub.clock() + RETRAIN_WITHIN
    with hub.unit_of_work() as session:
        mark_for_retraining(session, [model.model_id], by=until)
    return until
