"""The verdicts on a real randomised campaign, if it is here; the figures with intervals are the benchmark's."""

import os
from pathlib import Path

import polars as pl
import pytest

from predict.uplift.evidence import Verdict
from predict.uplift.model import learn_uplift
from tests.benchmarks.bench_predict_uplift import trial

CORPORA = Path(os.environ.get("VARDE_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "data" / "predict"))


@pytest.mark.real_data
@pytest.mark.parametrize(("arm", "verdict"), [("Womens E-Mail", Verdict.TARGET), ("Mens E-Mail", Verdict.EVERYBODY)])
def test_hillstroms_campaigns_are_told_apart(arm: str, verdict: Verdict) -> None:
    found = sorted((CORPORA / "hillstrom").glob("*.csv"))
    if not found:
        pytest.skip("hillstrom is not here; set VARDE_CORPORA to the folder that has it")
    evidence = learn_uplift(trial(pl.read_csv(found[0], infer_schema_length=None), arm), seed=0, deals=1).evidence
    assert evidence.verdict is verdict
    assert (evidence.gain.low > 0) == (verdict is Verdict.TARGET)
