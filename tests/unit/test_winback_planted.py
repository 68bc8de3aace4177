"""Win-back on customers whose uplift is known: aimed against unaimed at equal contacts, and where nothing is planted.

A model learns from one drawn campaign; the next campaign, of other customers, contacts a tenth of them.
"""

import numpy as np
import pytest

from predict.frames import matrix_of, ordered
from predict.shares import ratio
from predict.uplift.evidence import Verdict
from predict.uplift.model import learn_uplift
from predict.uplift.trial import trial_of
from tests.trial_builders import campaign

RARE = -4.0  # about one in thirty-five comes back unasked
CONTACTS = 3000


def returned(model, *, persuaded, seed):
    """Give (returns, contacts) of the next campaign, aimed by the model and drawn; whoever is chosen is contacted."""
    following = ordered(campaign(10 * CONTACTS, persuaded=persuaded, usual=RARE, seed=seed, share=1.1))
    came = following["responded"].to_numpy()
    aimed = np.argsort(-model.score(matrix_of(following, model.names)), kind="stable")[:CONTACTS]
    drawn = np.random.default_rng(seed).permutation(came.size)[:CONTACTS]
    return (int(came[aimed].sum()), CONTACTS), (int(came[drawn].sum()), CONTACTS)


@pytest.fixture(scope="module")
def learnt():
    return learn_uplift(trial_of(campaign(4000, persuaded=0.25, usual=RARE, seed=11)), seed=0, deals=1)


def test_aimed_at_equal_contacts_wins_back_at_least_twice_as_many(learnt):
    assert learnt.evidence.verdict is Verdict.TARGET
    times = ratio(*returned(learnt.model, persuaded=0.25, seed=12))
    assert times.low >= 2


def test_where_nothing_is_planted_aiming_is_not_recommended_and_wins_nothing():
    found = learn_uplift(trial_of(campaign(4000, persuaded=0.0, usual=-2.0, seed=13)), seed=0, deals=1)
    assert found.evidence.verdict is Verdict.NOBODY
    assert found.model.slope == 0
    times = ratio(*returned(found.model, persuaded=0.0, seed=14))
    assert times.low < 1 < times.high
