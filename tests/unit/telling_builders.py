"""A report, a card, a drift and a review of every kind, told without training more than one model."""

from dataclasses import replace
from functools import cache
from typing import Any

import polars as pl

from predict import card as cards
from predict import drift_page, review_page
from predict.artefact import Artefact
from predict.churn.module import MODULES as CHURNING
from predict.declaration import Declaration
from predict.feature import features_of
from predict.likelihood.module import Likelihood
from predict.likelihood.page import html
from predict.likelihood.report import markdown, report, spoken
from predict.likelihood.train import train
from predict.module import Brief
from predict.next_need.module import MODULES as NEEDING
from predict.registry import DECLARED
from predict.satisfaction.module import MODULES as SATISFYING
from predict.service.module import MODULES as SERVING
from predict.telling.said import said
from predict.telling.teller import teller_of
from predict.winback.module import MODULES as RETURNING
from tests.unit.predict_builders import DESCRIBED, FEW, HORIZON_DAYS, customers

MODULES: dict[str, Likelihood] = {**CHURNING, **NEEDING, **SATISFYING, **SERVING, **RETURNING}
SHARE = {"figure": 0.4, "low": 0.3, "high": 0.5, "of": 100}
LINE = {"name": "price", "texts": 40, "customers": 20, "lean": -0.25, "blaming": SHARE}
TEXTS = {
    "texts": 900, "customers": 300, "withheld": 3,
    "learned": {"labelled": 500, "own": True, "macro_f1": 0.61, "macro_f1_shipped": 0.55, "judged": 100},
    "languages": [LINE | {"name": "nb"}], "topics": [LINE], "requests": [LINE | {"name": "other"}],
    "categories": [
        {"category": "function_error", "priority": "high", "texts": 60, "customers": 30, "blame": 0.5, "points": 31.0}
    ],
    "critical": {"leaving": {"texts": 9, "customers": 7}, "safety": {"texts": None, "customers": None}},
    "mentions": {"competitor": {"texts": 9, "customers": 7}},
    "changes": [
        {"category": "price", "of": "share", "weeks_ago": 4, "size": 0.1, "low": 0.05, "high": 0.2},
        {"category": "delivery", "of": "lean", "weeks_ago": 4, "size": -0.3, "low": -0.5, "high": -0.1},
    ],
}  # fmt: skip
GAIN = {"figure": 0.1, "low": 0.05, "high": 0.15, "of": 100}
NEEDS = [
    {"trigger": "team_growth", "need": "licences", "customers": 100, "rate": SHARE, "untargeted": SHARE, "gain": GAIN,
     "verdict": "holds"},
    {"trigger": "project_end", "need": "maintenance", "verdict": "no label tells it"},
]  # fmt: skip
AT_RISK = {
    "figure": 1234567.0, "customers": 90, "of": 100, "inputs": {"value_minor": 9e6, "expected_departures": 12.0},
    "terms": {"months": 12, "yearly_discount": 0.1, "margin": 0.35},
}  # fmt: skip
REVIEWED = {
    "customers": 500, "outcomes": 60, "alerts": 50, "hits": 31, "misses": 29, "false_alarms": 12, "acted_on": 9,
    "acted_on_and_averted": 7, "precision": SHARE, "precision_where_nobody_acted": SHARE, "recall": SHARE,
    "promised_precision": 0.55, "kept": "worse than promised",
}  # fmt: skip
REVIEW = {
    "months": [{"month": f"2026-0{n}", **REVIEWED} for n in (1, 2, 3)]
    + [{"month": "2026-04", **REVIEWED, "promised_precision": None, "kept": "not promised"}],
    "all": REVIEWED,
}
SHIFT = {"psi": 0.31, "by_chance": 0.02, "light": "red"}
DRIFT = {
    "customers": 900,
    "score": SHIFT | {"name": "score", "psi": 0.05, "light": "green"},
    "inputs": [
        SHIFT | {"name": "orders_365d"},
        SHIFT | {"name": "a column whose name is much too long to stand beside a bar", "psi": 0.12, "light": "amber"},
    ],
    "calibration": {"seen": 40.0, "foretold": 55.2, "light": "amber"},
}
REMARKS = [
    said("common"), said("rare"), said("remark.suspect"), said("remark.chance"), said("remark.split", split="temporal"),
    said("remark.not_better", word=said("recency")),
    said("remark.uneven", segment="life_cycle_stage", level="new", recall=SHARE, all=0.5),
    said("remark.too_short", days=30, here=0.6, proposed=90, there=0.2),
]  # fmt: skip


@cache
def trained() -> Artefact:
    """Train churn once; its figures are lent to the other modules."""
    frame = customers(cuts=9, each=300)
    features = features_of([str(one["name"]) for one in DESCRIBED], DESCRIBED)
    stages = frame.select("pseudonym", "as_of", life_cycle_stage=pl.lit("new"))
    families = {"recency_days": ("orders",), "newsletter": ("campaign_contacts",)}
    brief = Brief(horizon_days=HORIZON_DAYS, features=features, history_months=10, segments=stages, families=families)
    found = train(frame, FEW, brief)
    return replace(found, figures=found.figures | {"remarks": REMARKS})


def artefact_of(declared: Declaration) -> Artefact:
    """Give a module's artefact with every table that it may have."""
    own: dict[str, dict[str, Any]] = {
        "churn": {"at_risk": AT_RISK},
        "satisfaction": {"texts": TEXTS},
        "service": {"topics": {"shares": {"price": 0.4, "billing": 0.6}}},
        "next_need": {"needs": NEEDS}, "next_upgrade": {"needs": NEEDS}, "next_service": {"needs": NEEDS},
    }  # fmt: skip
    found = trained()
    return replace(found, module=declared.name, figures=found.figures | own.get(declared.name, {}))


@cache
def pages(name: str, language: str) -> dict[str, str]:
    """Tell everything that is told of a module, in a language."""
    declared = DECLARED[name]
    teller, artefact = teller_of(declared, language), artefact_of(declared)
    told = spoken(artefact, teller)
    added = MODULES[name].sections(told, teller)
    context = {"purpose": "churn", "legal_basis": "legitimate_interests", "cadence": {"recalibrate_days": 30}}
    card = cards.card(report(told, teller), context, teller)
    return {
        "report.html": html(artefact, teller, added),
        "report.md": markdown(artefact, teller, added),
        "card.html": cards.html(card, teller),
        "card.md": cards.markdown(card, teller),
        "drift.html": drift_page.html(DRIFT, ("recalibrate", "retrain"), teller),
        "review.html": review_page.html(REVIEW, teller),
        "review.md": review_page.markdown(REVIEW, teller),
    }
