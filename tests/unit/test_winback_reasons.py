import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from predict.errors import RuleRefused
from predict.winback.agreement import kappa, kappa_interval
from predict.winback.clusters import cluster
from predict.winback.diagnosis import SPEAKS, diagnose, missing_clues
from predict.winback.leaving import DEFAULT_RULES, KNOWN, Clue, Leaving, Rule, as_mapping, rules_of
from tests.trial_builders import leavers

AT = datetime(2026, 3, 1, tzinfo=UTC)
TINY = (
    Rule(
        Leaving.PRICE_SENSITIVE,
        (Clue(feature="downgrades", points=2, at_least=1), Clue(feature="late", points=2, at_least=14)),
    ),
    Rule(Leaving.SERVICE_FRUSTRATED, (Clue(feature="tickets", points=1, at_least=4),)),
)


def frame(**columns):
    size = len(next(iter(columns.values())))
    names = {name: pl.Series(values, dtype=pl.Float64) for name, values in columns.items()}
    return pl.DataFrame({"pseudonym": [n.to_bytes(16, "big") for n in range(size)], "as_of": [AT] * size, **names})


def test_the_strongest_reason_wins_and_says_which_clues_were_met():
    found = diagnose(frame(downgrades=[1, 0, 1], late=[20, 0, 3], tickets=[0, 5, 9]), TINY)
    assert found["reason"].to_list() == ["price_sensitive", "service_frustrated", "service_frustrated"]
    assert found["second"].to_list() == [None, None, "price_sensitive"]
    assert found["strength"].to_list() == [1, 1, 1]
    assert found["clues"].to_list() == [["downgrades", "late"], ["tickets"], ["tickets"]]


def test_equals_are_settled_by_the_order_of_the_rules():
    both = frame(downgrades=[1], late=[20], tickets=[9])
    assert diagnose(both, TINY)["reason"].to_list() == ["price_sensitive"]
    assert diagnose(both, TINY[::-1])["reason"].to_list() == ["service_frustrated"]


def test_what_is_not_known_speaks_neither_for_nor_against():
    found = diagnose(frame(downgrades=[1, None, None], late=[None, 3, None]), TINY)
    assert found["reason"].to_list() == ["price_sensitive", "unknown", "unknown"]
    assert found["strength"].to_list() == [1, 0, 0]
    assert missing_clues(frame(downgrades=[1]), TINY) == ("late", "tickets")
    nothing = diagnose(frame(other=[1]), TINY)
    assert (nothing["reason"].to_list(), nothing["clues"].to_list()) == (["unknown"], [[]])


def test_one_weak_clue_alone_is_no_reason():
    quiet = Rule(
        Leaving.DRIFTING, (Clue(feature="tickets", points=1, at_most=0), Clue(feature="use", points=3, at_most=-0.5))
    )
    found = diagnose(frame(tickets=[0, 0], use=[None, -0.9]), (quiet,))
    assert found["reason"].to_list() == ["unknown", "drifting"]
    assert diagnose(frame(tickets=[0]), (quiet,))["reason"].to_list() == ["unknown"]


VALUE = st.one_of(st.none(), st.integers(0, 30))


@given(st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=20))
def test_every_reason_is_the_one_that_points_make_it(rows):
    downgrades, late, tickets = (list(column) for column in zip(*rows, strict=True))
    found = diagnose(frame(downgrades=downgrades, late=late, tickets=tickets), TINY)
    for row, said in zip(rows, found.iter_rows(named=True), strict=True):
        strengths = {}
        for rule in TINY:
            values = dict(zip(("downgrades", "late", "tickets"), row, strict=True))
            known = [clue for clue in rule.clues if values[clue.feature] is not None]
            met = [clue for clue in known if values[clue.feature] >= clue.at_least]
            strengths[rule.reason] = sum(c.points for c in met) / sum(c.points for c in known) if known else 0
        best = max(strengths.values())
        spoken = [reason for reason, strength in strengths.items() if strength == best >= SPEAKS]
        assert said["reason"] == (spoken[0] if spoken else Leaving.UNKNOWN)
        assert said["strength"] == pytest.approx(best)


def test_rules_are_editable_and_come_back_as_written():
    stored = json.loads(json.dumps(as_mapping(DEFAULT_RULES)))
    assert rules_of(stored) == DEFAULT_RULES
    assert {rule.reason for rule in DEFAULT_RULES} == set(KNOWN)


@pytest.mark.parametrize(
    "stored",
    [
        [{"reason": "bored", "clues": [{"feature": "a", "points": 1, "at_least": 1}]}],
        [{"reason": "drifting", "clues": []}],
        [{"reason": "drifting", "clues": [{"feature": "a", "points": 1}]}],
        [{"reason": "drifting", "clues": [{"feature": "a", "points": 0, "at_least": 1}]}],
        [{"reason": "drifting", "clues": [{"feature": "a", "points": 1, "above": 1}]}],
        [{"reason": "drifting", "clues": [{"feature": "a", "points": 1, "at_most": 1}]}] * 2,
        [{"clues": []}],
    ],
)
def test_rules_without_sense_are_refused(stored):
    with pytest.raises(RuleRefused):
        rules_of(stored)


def test_planted_reasons_are_found_and_agree_with_what_was_stated():
    crowd = leavers(1500, seed=1)
    found = diagnose(crowd.drop("stated"), DEFAULT_RULES).join(crowd, on="pseudonym", how="left", maintain_order="left")
    agreed = kappa_interval(found["stated"].to_numpy(), found["reason"].to_numpy(), seed=0)
    assert 0.75 < agreed.low < agreed.figure < agreed.high <= 1
    shuffled = np.random.default_rng(0).permutation(found["stated"].to_numpy())
    nothing = kappa_interval(shuffled, found["reason"].to_numpy(), seed=0)
    assert nothing.low < 0 < nothing.high


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=2, max_size=40))
def test_kappa_agrees_with_scikit_learn(pairs):
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    if len({*first, *second}) == 1:
        assert np.isnan(kappa(first, second))
    else:
        assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_groups_that_are_there_are_found_again_and_told_by_their_marks():
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0]])
    planted = rng.integers(0, 3, 400)
    found = cluster(centres[planted] + rng.normal(size=(400, 3)), ("tickets", "downgrades", "noise"), seed=0)
    assert found.believed
    assert found.count == 3
    assert {marks[0][0] for marks in found.marks} <= {"tickets", "downgrades"}


def test_one_cloud_is_not_believed_to_be_groups():
    found = cluster(np.random.default_rng(0).normal(size=(400, 4)), ("a", "b", "c", "d"), seed=0)
    assert not found.believed
