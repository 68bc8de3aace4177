"""The model card: what a model is for, what it learned from, how good it is and for whom, and what not to do with it.

Sections after Mitchell et al., Model Cards for Model Reporting (FAT* 2019). It is made of the report's figures and of
what the hub knows of view and purpose; it names nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from predict.page import document
from predict.telling.teller import Teller

_INDENT: Final = "  "

NEVER: Final = ("never.decide", "never.prohibited", "never.others")
CONSIDERED: Final = ("considered.segments", "considered.reasons", "considered.columns")
_NAMED: Final = {
    "kind": "family",
    "name": "finding",
    "grade": "grade",
    "light": "light",
    "level": "level",
    "segment": "segment",
    "split": "split",
    "legal_basis": "basis",
    "family": "source",
    "trigger": "trigger",
    "need": "need",
    "verdict": "verdict",
}
"""Which closed list the value of a field is of."""


def card(report: Mapping[str, Any], context: Mapping[str, Any], teller: Teller) -> dict[str, Any]:
    """Give the card as plain JSON values; its names are English, its sentences the teller's.

    Args:
        report: what the module reports of the model (`predict.module.Report.values`).
        context: what the hub knows: view, view_version, purpose, legal_basis, prohibited_uses, trained_at, model_id,
            rows, retrain_by, cadence (recalibrate_days, retrain_days).
        teller: the words to tell it in.
    """
    figures = report.get("figures", {})
    return {
        "model_details": _details(report, context),
        "intended_use": {
            "purpose": context.get("purpose"),
            "legal_basis": context.get("legal_basis"),
            "horizon_days": report.get("horizon_days"),
            "never": [*map(teller.say, NEVER), *context.get("prohibited_uses", ())],
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
        "ethical_considerations": list(map(teller.say, CONSIDERED)),
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


def markdown(told: Mapping[str, Any], teller: Teller) -> str:
    """Write a card as Markdown, a section each."""
    lines = [f"# {_title(teller)}", ""]
    if told["model_details"]["not_a_model"]:
        lines += [f"> {teller.say('card.rule')}", ""]
    for name, content in told.items():
        lines += [f"## {teller.named('card', name)}", "", *_Lines(teller).of(content), ""]
    return "\n".join(lines)


def html(told: Mapping[str, Any], teller: Teller) -> str:
    """Write a card as a page, a section each."""
    body = [f"<h1>{escape(_title(teller))}</h1>"]
    if told["model_details"]["not_a_model"]:
        body.append(f'<p class="remark">{escape(teller.say("card.rule"))}</p>')
    for name, content in told.items():
        lines = "\n".join(_Lines(teller).of(content))
        body.append(f"<h2>{escape(teller.named('card', name))}</h2>{_lists(lines.splitlines())}")
    return document(_title(teller), body, teller.language)


def _title(teller: Teller) -> str:
    return teller.say("card.title", title=teller.say("title"))


def _lists(lines: Sequence[str]) -> str:
    """Turn lines of a Markdown list into nested lists."""
    pieces, depth = [], 0
    for line in lines:
        text = line.lstrip()
        deep = (len(line) - len(text)) // len(_INDENT) + 1
        pieces.append("<ul>" * (deep - depth) + "</ul>" * (depth - deep))
        pieces.append(f"<li>{escape(text.removeprefix('- '))}</li>")
        depth = deep
    return "".join(pieces) + "</ul>" * depth


@dataclass(frozen=True, slots=True)
class _Lines:
    """Write JSON values as lines of a list, in the words of a teller."""

    teller: Teller

    def of(self, content: Any, indent: str = "") -> list[str]:  # noqa: ANN401 - whatever JSON holds
        if isinstance(content, Mapping):
            return [line for name, value in content.items() for line in self._entry(str(name), value, indent)]
        if isinstance(content, Sequence) and not isinstance(content, str):
            return [f"{indent}- {self._said(one)}" for one in content] or [f"{indent}- {self.teller.say('none')}"]
        return [f"{indent}{self._said(content)}"]

    def _entry(self, name: str, value: Any, indent: str) -> list[str]:  # noqa: ANN401 - whatever JSON holds
        title = f"{indent}- {self.teller.named('card', name)}"
        nested = isinstance(value, Mapping) and "figure" not in value
        many = isinstance(value, Sequence) and not isinstance(value, str)
        if value and (nested or many):
            return [f"{title}:", *self.of(value, indent + _INDENT)]
        return [f"{title}: {self._said(value, name)}"]

    def _said(self, value: Any, name: str = "") -> str:  # noqa: ANN401 - whatever JSON holds
        """Write one value as a person reads it; a figure with its interval."""
        teller = self.teller
        if value is None or value in ({}, [], ""):
            return teller.say("none")
        if isinstance(value, bool):
            return teller.say("yes" if value else "no")
        if isinstance(value, float):
            return teller.format_field(value, ".3g")
        if isinstance(value, Mapping):
            return self._figures(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ", ".join(map(self._said, value))
        return teller.named(_NAMED[name], value) if name in _NAMED and isinstance(value, str) else str(value)

    def _figures(self, value: Mapping[str, Any]) -> str:
        if {"figure", "low", "high", "of"} <= value.keys():
            return self.teller.format_field(value, "span")
        said = []
        if "figure" in value:
            said = [self.teller.format_field(value, "bounds") if "low" in value else self._said(value["figure"])]
        others = {name: each for name, each in value.items() if name not in {"figure", "low", "high"}}
        said += [f"{self.teller.named('card', name)} {self._said(each, name)}" for name, each in others.items()]
        return ", ".join(said)
