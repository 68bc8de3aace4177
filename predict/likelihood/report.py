"""The report of a yes/no module as data and as Markdown: what was measured, on whom, beside what. No personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from predict.alerts import AHEAD
from predict.artefact import Artefact
from predict.declaration import Wording
from predict.shares import in_words

SERVED: Final = ("segment", "customers", "had the outcome", "foretold", "recall", "precision")
WARNED: Final = (
    "alerts", "of them right", "by lot", "departures found", "days ahead, median", "30 days ahead", "45 days", "60 days"
)  # fmt: skip
WORTH: Final = ("source", "AUC lost without it", "missing signals")


@dataclass(frozen=True, slots=True)
class Section:
    """A table that a module adds to its report."""

    title: str
    head: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]


def report(artefact: Artefact, wording: Wording) -> dict[str, Any]:
    """Give the report as plain JSON values."""
    return {
        "module": artefact.module,
        "family": artefact.family,
        "horizon_days": artefact.horizon_days,
        "figures": artefact.figures,
        "manifest": artefact.manifest,
        "summary": summary(artefact, wording),
    }


def summary(artefact: Artefact, wording: Wording) -> str:
    """Say in two sentences how good the model is and beside what."""
    figures = artefact.figures
    if "model" not in figures:
        return f"{figures['remarks'][0]} It could not be measured: too few of the rarer outcome are known."
    model, kind = figures["model"], "rule, which is not a model," if is_rule(artefact) else f"{artefact.family} model"
    said = (
        f"At the test cut the {kind} ranks a {wording.yes} {wording.one} above a {wording.no} one in "
        f"{model['auc']['figure']:.1%} of pairs (AUC {bounds(model['auc'])})"
    )
    if "baseline" in figures:
        alone = figures["baseline"]
        said += f", {alone['gain']['figure']:+.3f} beside {alone['word']} alone (AUC {alone['auc']:.3f})"
    return (
        f"{said}. Of the {figures['capacity']} {wording.many} with the highest probability "
        f"{model['precision_at_capacity']:.0%} {wording.did}, which is {model['recall_at_capacity']:.0%} of all who "
        f"{wording.did}."
    )


def is_rule(artefact: Artefact) -> bool:
    """Say whether this is the rule that stands in for a model."""
    return artefact.family == "rule"


def bounds(found: dict[str, float]) -> str:
    """Write a figure with its 95 % bootstrap interval."""
    return f"{found['figure']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def rows(artefact: Artefact) -> list[tuple[str, str, str]]:
    """Give the table of figures: name, model, baseline alone (or base rate)."""
    figures = artefact.figures
    if "model" not in figures:
        return []
    model, alone = figures["model"], figures.get("baseline")
    word = alone["word"] if alone else ""
    alone_auc = f"{alone['auc']:.3f} ({word})" if alone else "no baseline column"
    alone_brier = f"; {alone['brier']:.3f} ({word})" if alone else ""
    table = [
        ("AUC", bounds(model["auc"]), alone_auc),
        ("Brier score", bounds(model["brier"]), f"{figures['base_rate_brier']:.3f} (base rate){alone_brier}"),
        ("Average precision", bounds(model["average_precision"]), f"{figures['base_rate']:.3f} (base rate)"),
        ("Calibration error (ECE)", f"{model['ece']:.3f}", ""),
        (
            f"Precision among the top {figures['capacity']}",
            f"{model['precision_at_capacity']:.3f}",
            f"{figures['base_rate']:.3f} (base rate)",
        ),
        (f"Recall among the top {figures['capacity']}", f"{model['recall_at_capacity']:.3f}", ""),
        ("Lift of the top tenth", f"{model['lift_top_tenth']:.2f}", "1.00 (chance)"),
    ]
    if alone:
        table.insert(1, (f"AUC gained over {word}", bounds(alone["gain"]), "0"))
    return table


def facts(artefact: Artefact, wording: Wording) -> list[tuple[str, str]]:
    """Give what the reader must know about the test itself."""
    figures, cuts = artefact.figures, artefact.figures["cuts"]
    left_out = ", ".join(figures["left_out"])
    hindered = figures.get("validation", {}).get("boosting_hindered")  # a rule was not chosen
    return [
        ("Horizon", f"{artefact.horizon_days} days"),
        *_rhythm(figures.get("horizon", {})),
        ("Split", str(figures["split"])),
        (
            "Test cut",
            f"{cuts['test']}, {figures['customers']} {wording.many}, {figures['base_rate']:.1%} {wording.did}",
        ),
        ("Cuts that taught the tested model", ", ".join(cuts["teach"])),
        ("Validation cuts", ", ".join(cuts["validate"]) or "none"),
        *([("Calibration", str(figures["calibration_kind"]))] if "calibration_kind" in figures else []),
        ("Shipped model", str(artefact.manifest["shipped"])),
        *([("Not compared with trees", hindered)] if hindered else []),
        *([("Left out, the same or unknown for everybody", left_out)] if left_out else []),
        ("Seed", str(artefact.manifest["seed"])),
    ]


def _rhythm(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Say how many would be silent by their own rhythm alone, and which horizon that proposes."""
    if not told:
        return []
    silent = ", ".join(f"{days} days {share:.0%}" for days, share in told["by_rhythm"].items())
    said = (
        f"{told['proposed_days']} days (usual gap {told['median_gap_days']:.0f} days; silent and still there: {silent})"
    )
    return [("Horizon by the customers' own rhythm", said)]


def markdown(artefact: Artefact, wording: Wording, sections: Sequence[Section] = ()) -> str:
    """Write the report as Markdown; `sections` are those that the module adds."""
    lines = [
        f"# {artefact.module}: {artefact.family}, {artefact.horizon_days} days",
        "",
        summary(artefact, wording),
        "",
    ]
    lines += [f"> {remark}" for remark in artefact.figures["remarks"]]
    lines += ["", "| figure | model | beside |", "|---|---|---|"]
    lines += [f"| {name} | {ours} | {theirs} |" for name, ours, theirs in rows(artefact)]
    for one in sections:
        lines += _section(one.title, one.head, one.lines)
    lines += ["", "## The test", ""]
    lines += [f"- {name}: {fact}" for name, fact in facts(artefact, wording)]
    lines += [
        "",
        "## Is there enough to learn from?",
        "",
        "| what | light | have | need | advice |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(line)} |" for line in lights(artefact)]
    lines += _section("Alerts month by month, each customer once a spell", WARNED, warned(artefact))
    lines += _section("Whom it serves how well", SERVED, served(artefact))
    lines += _section("What each source is worth", WORTH, worth(artefact))
    lines += ["", "## What moves the score", "", "| feature group | share |", "|---|---|"]
    lines += [f"| {name} | {share:.1%} |" for name, share in moves(artefact)]
    return "\n".join(lines) + "\n"


def lights(artefact: Artefact) -> list[tuple[str, str, str, str, str]]:
    """Give the findings of readiness: what, light, have, need, advice."""
    return [
        (one["name"], one["light"], f"{one['have']:g}", f"{one['need']:g}", one["advice"])
        for one in artefact.figures["readiness"]["findings"]
    ]


def moves(artefact: Artefact) -> list[tuple[str, float]]:
    """Give each feature group with its share of all movement, the greatest first."""
    return sorted(artefact.figures.get("importance", {}).items(), key=lambda one: (-one[1], one[0]))


def served(artefact: Artefact) -> list[tuple[str, ...]]:
    """Give a row for each level: customers, share with the outcome, mean chance, recall, precision, with intervals."""
    return [
        (
            f"{one['segment']}: {one['level']}",
            str(one["customers"]),
            in_words(one["share"]) if "share" in one else "too few to judge",
            f"{one['foretold']:.0%}" if "foretold" in one else "",
            in_words(one["recall"]) if "recall" in one else "",
            in_words(one["precision"]) if "precision" in one else "",
        )
        for one in artefact.figures.get("segments", [])
    ]


def warned(artefact: Artefact) -> list[tuple[str, ...]]:
    """Give a row for each number of alerts: how many were right and by chance, departures found and how early."""
    return [
        (
            f"{one['a_cut']} a cut, {one['alerts']} at {one['cuts']} cuts",
            in_words(one["precision"]),
            f"{one['by_lot']:.0%}",
            in_words(one["found"]),
            "none" if one["median_lead_days"] is None else f"{one['median_lead_days']:.0f}",
            *(in_words(one["warned_ahead"][str(days)]) for days in AHEAD),
        )
        for one in artefact.figures.get("warnings", {}).values()
    ]


def worth(artefact: Artefact) -> list[tuple[str, ...]]:
    """Give a row for each source: the AUC lost without it with its interval, and which of its signals are missing."""
    return [
        (
            one["family"],
            f"{bounds(one['auc_lost'])}, of {one['auc_lost']['of']}" if "auc_lost" in one else "not there",
            ", ".join(one["missing"]) or "none",
        )
        for one in artefact.figures.get("families", [])
    ]


def _section(title: str, head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Write a table as Markdown under its title; nothing where there is nothing to tell."""
    if not lines:
        return []
    top = ["", f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*top, *(f"| {' | '.join(line)} |" for line in lines)]
