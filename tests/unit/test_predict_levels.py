"""Columns that hold names of a kind: declared only, pooled where rare, honest about what was never seen."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from predict.artefact import pack_artefact, unpack_artefact
from predict.boosting import fit_boosting
from predict.errors import FrameRefused
from predict.feature import Feature, Role
from predict.frames import Columns, labels_of, matrix_of
from predict.levels import OTHER, RARE_BELOW, UNSEEN, codes_of, levels_of
from predict.likelihood.score import reason_columns, score
from predict.likelihood.train import train
from predict.likelihood.words import reasons
from predict.module import Brief
from tests.unit.predict_builders import FEW, HORIZON_DAYS, customers, month

PLAN = Feature(name="plan", role=Role.LEVEL, labels={"en": "Plan", "nb": "Avtale"})
BRIEF = Brief(horizon_days=HORIZON_DAYS, features=(PLAN,), seed=3)


@pytest.fixture(scope="module")
def frame():
    """Whoever pays by the month leaves; 3 customers have a plan of their own."""
    rng = np.random.default_rng(5)
    made = customers(cuts=6, each=400, strength=0.3).with_columns(draw=pl.Series(rng.random(2400)))
    plan = pl.when(pl.col("draw") < 0.4).then(pl.lit("monthly")).otherwise(pl.lit("yearly"))
    plan = pl.when(pl.col("draw") > 0.998).then(pl.lit("bespoke for Acme")).otherwise(plan)
    left = pl.when(pl.col("draw") < 0.35).then(True).otherwise(pl.col("churned") & (pl.col("draw") < 0.8))
    return made.with_columns(plan=plan, churned=left).drop("draw")


@pytest.fixture(scope="module")
def artefact(frame):
    return train(frame, FEW, BRIEF)


@pytest.fixture(scope="module")
def last(frame):
    return frame.filter(pl.col("as_of") == month(6)).drop("churned")


def test_text_that_nobody_declared_is_refused(frame, last, artefact):
    undeclared = replace(BRIEF, features=())
    with pytest.raises(FrameRefused, match="plan") as refused:
        train(frame, FEW, undeclared)
    assert "monthly" not in str(refused.value)


def test_text_that_a_model_never_learned_from_is_not_looked_at(last, artefact):
    assert score(artefact, last.with_columns(note=pl.lit("call me"))).equals(score(artefact, last))
    with pytest.raises(FrameRefused, match="recency_days"):
        score(artefact, last.with_columns(recency_days=pl.lit("many")))


def test_an_enum_is_declared_by_its_type(frame, artefact):
    typed = frame.with_columns(pl.col("plan").cast(pl.Enum(["yearly", "monthly", "bespoke for Acme"])))
    assert train(typed, FEW, replace(BRIEF, features=(replace(PLAN, role=Role.PLAIN),))).model == artefact.model


def test_a_planted_level_is_found_and_named(artefact, last):
    assert max(artefact.figures["importance"], key=artefact.figures["importance"].get) == "plan"
    scored = score(artefact, last)
    monthly = scored.join(last.filter(plan="monthly"), on="pseudonym")
    yearly = scored.join(last.filter(plan="yearly"), on="pseudonym")
    assert monthly["probability"].mean() > yearly["probability"].mean() + 0.3
    assert (monthly["reason_1"] == "plan.level").mean() > 0.9
    assert "plan.level" not in yearly["reason_1"].to_list()
    said = reasons(monthly.select(scored.columns), "nb", artefact.features)["reason_1"]
    assert "Avtale: monthly" in said.to_list()


def test_an_artefact_names_no_level_that_few_customers_have(artefact):
    packed = pack_artefact(artefact)
    assert b"Acme" not in packed
    (plan,) = (one for one in unpack_artefact(packed, module="churn").features if one.name == "plan")
    assert (plan.role, plan.levels) == (Role.LEVEL, ("yearly", "monthly", OTHER))


def test_levels_are_ordered_by_how_many_share_them_and_the_rest_is_pooled():
    counts = {"b": RARE_BELOW, "a": RARE_BELOW, "c": RARE_BELOW + 1, "d": RARE_BELOW - 1, None: 7}
    column = pl.Series([level for level, count in counts.items() for _ in range(count)])
    frame = pl.DataFrame({"plan": column, "number": 1.0})
    levels = levels_of(frame, frame.columns)
    assert levels == {"plan": ("c", "a", "b", OTHER)}
    codes = codes_of(pl.Series(["c", "d", "never", None], dtype=pl.String), levels["plan"])
    assert codes[:3].tolist() == [0.0, 3.0, 3.0]
    assert np.isnan(codes[3])
    assert codes_of(pl.Series(["never"]), ("c", "a")).tolist() == [UNSEEN]


def test_a_level_never_seen_moves_the_score_in_no_direction_and_is_no_reason():
    rng = np.random.default_rng(0)
    plan = np.where(rng.random(2000) < 0.5, "monthly", "yearly")
    frame = customers(cuts=1, each=2000, strength=0.2).with_columns(
        plan=pl.Series(plan), churned=pl.Series(rng.random(2000) < np.where(plan == "monthly", 0.8, 0.2))
    )
    artefact = train(frame, FEW, BRIEF)
    known = {level: frame.with_columns(plan=pl.lit(level)).drop("churned") for level in ("monthly", "yearly", "weekly")}
    told = {level: score(artefact, one) for level, one in known.items()}
    means = {level: one["probability"].mean() for level, one in told.items()}
    assert means["yearly"] + 0.2 < means["weekly"] < means["monthly"] - 0.2
    cited = told["weekly"].select(pl.concat_list("reason_1", "reason_2", "reason_3").list.explode()).to_series()
    assert "plan.level" not in cited.to_list()


def test_trees_split_levels_by_themselves(frame):
    levels = levels_of(frame, ["plan"])
    raw = matrix_of(frame, ("plan", "recency_days"), levels)
    model = fit_boosting(raw, labels_of(frame, FEW.label), Columns(("plan", "recency_days"), levels), seed=0)
    asked = np.array([[0.0, 30.0], [1.0, 30.0], [UNSEEN, 30.0], [np.nan, 30.0]])
    yearly, monthly, unseen, unknown = model.log_odds(asked)
    assert monthly > yearly + 1
    assert unseen == unknown


def test_a_stage_is_told_in_the_readers_language() -> None:
    stage = Feature(name="stage", role=Role.LEVEL, levels=("before_renewal", "new"), labels={"en": "Stage"})
    row = dict.fromkeys(reason_columns()) | {"reason_1": "stage.level", "value_1": 0.0, "usual_1": 1.0}
    known = {"pseudonym": b"a", "as_of": month(1)} | row
    types = {name: pl.String if name.startswith("reason") else pl.Float64 for name in row}
    frame = pl.DataFrame([known], schema_overrides=types)
    assert "før fornyelse" in reasons(frame, "nb", (stage,))["reason_1"].item()
