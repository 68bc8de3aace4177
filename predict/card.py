"""The model card: what a model is for, what it learned from, how good it is and for whom, and what not to do with it.

Sections after Mitchell et al., Model Cards for Model Reporting (FAT* 2019). It is made of the report's figures and of
what the hub knows of view and purpose; it names nobody.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from predict.shares import in_words

NEVER: Final = (
    "To decide about a person without a person (Article 22): a score is a suggestion to somebody who may override it.",
    "For the uses that the purpose prohibits.",
    "On customers whom its view does not release, or after its view changed.",
)


CONSIDERED: Final = (
    "Figures by segment say whether groups are served alike; groups of fewer than 30 are counted, not judged.",
    "Reasons say what the model weighed, not why a customer behaves so.",
    "Which columns are read, and why each is needed, stands in the approval of the view.",
)


def card(report: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Give the card as plain JSON values.

    Args:
        report: what the module reports of the model (`predict.module.Report.values`).
        context: what the hub knows: view, view_version, purpose, legal_basis, prohibited_uses, trained_at, model_id,
            rows, retrain_by, cadence (recalibrate_days, retrain_days).
    """
    figures = report.get("figures", {})
    return {
        "model_details": _details(report, context),
        "intended_use": {
            "purpose": context.get("purpose"),
            "legal_basis": context.get("legal_basis"),
            "horizon_days": report.get("horizon_days"),
            "never": [*NEVER, *context.get("prohibited_uses", ())],
        },
        "factors": sorted({one["segment"] for one in figures.get("segments", [])}),
        "metrics": _metrics(figures),
        "evaluation_data": _evaluation(figures),
        "training_data": _taught(report, context),
        "quantitative_analyses": {
            "segments": figures.get("segments", []),
            "what_each_source_is_worth": figures.get("families", []),
            "importance": figures.get("importance", {}),
            **({"needs": figures["needs"]} if "needs" in figures else {}),
        },
        "ethical_considerations": list(CONSIDERED),
        "caveats": list(figures.get("remarks", [])),
    }


def _details(report: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    manifest = report.get("manifest", {})
    told = {name: context.get(name) for name in ("model_id", "trained_at", "cadence", "retrain_by")}
    return {
        "module": report["module"],
        "kind": report.get("family"),
        "not_a_model": report.get("family") == "rule",
        "libraries": manifest.get("libraries", {}),
        "seed": manifest.get("seed"),
        **told,
    }


def _taught(report: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    figures, manifest = report.get("figures", {}), report.get("manifest", {})
    return {
        "view": context.get("view"),
        "view_version": context.get("view_version"),
        "rows": manifest.get("rows"),
        "customers": manifest.get("customers"),
        "missing_signals": figures.get("left_out", []),
        "readiness": figures.get("readiness", {}),
    }


def _metrics(figures: Mapping[str, Any]) -> dict[str, Any]:
    if "model" not in figures:
        return {}
    model, capacity = figures["model"], figures["capacity"]
    beside = figures.get("baseline")
    return {
        "auc": model["auc"],
        "brier": model["brier"] | {"of_base_rate": figures["base_rate_brier"]},
        "average_precision": model["average_precision"] | {"of_base_rate": figures["base_rate"]},
        "calibration_error": model["ece"],
        "precision_at_capacity": {"figure": model["precision_at_capacity"], "capacity": capacity},
        "recall_at_capacity": {"figure": model["recall_at_capacity"], "capacity": capacity},
        "customers": figures["customers"],
        **({"beside": {name: beside[name] for name in ("column", "auc", "gain")}} if beside else {}),
    }


def _evaluation(figures: Mapping[str, Any]) -> dict[str, Any]:
    cuts = figures.get("cuts", {})
    return {
        "split": figures.get("split"),
        "test_cut": cuts.get("test"),
        "customers": figures.get("customers"),
        "base_rate": figures.get("base_rate"),
    }


def markdown(told: Mapping[str, Any]) -> str:
    """Write a card as Markdown, a section each."""
    lines = [f"# Model card: {told['model_details']['module']}", ""]
    if told["model_details"]["not_a_model"]:
        lines += ["> Not a model: a documented rule, because there was too little to learn from.", ""]
    for name, content in told.items():
        lines += [f"## {name.replace('_', ' ').capitalize()}", "", *_lines(content), ""]
    return "\n".join(lines)


def _lines(content: Any, indent: str = "") -> list[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(content, Mapping):
        return [line for name, value in content.items() for line in _entry(str(name), value, indent)]
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [f"{indent}- {_said(one)}" for one in content] or [f"{indent}- none"]
    return [f"{indent}{_said(content)}"]


def _entry(name: str, value: Any, indent: str) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    title = f"{indent}- {name.replace('_', ' ')}"
    nested = isinstance(value, Mapping) and "figure" not in value
    many = isinstance(value, Sequence) and not isinstance(value, str)
    if value and (nested or many):
        return [f"{title}:", *_lines(value, indent + "  ")]
    return [f"{title}: {_said(value)}"]


def _said(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Write one value as a person reads it; a figure with its interval."""
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping) and {"figure", "low", "high", "of"} <= value.keys():
        return in_words(dict(value))
    if isinstance(value, Mapping) and "figure" in value:
        interval = f" ({value['low']:.3f} to {value['high']:.3f})" if "low" in value else ""
        others = {name: each for name, each in value.items() if name not in {"figure", "low", "high"}}
        rest = ", ".join(f"{name.replace('_', ' ')} {_said(each)}" for name, each in others.items())
        return f"{value['figure']:.3f}{interval}{', ' + rest if rest else ''}"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(k).replace('_', ' ')} {_said(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_said, value))
    return str(value)
