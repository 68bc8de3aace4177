"""The churn report as data and as Markdown: what was measured, on whom, beside which baseline. No personal data."""

from typing import Any

from predict.artefact import Artefact


def report(artefact: Artefact) -> dict[str, Any]:
    """Give the report as plain JSON values."""
    return {
        "module": artefact.module,
        "family": artefact.family,
        "horizon_days": artefact.horizon_days,
        "figures": artefact.figures,
        "manifest": artefact.manifest,
        "summary": summary(artefact),
    }


def summary(artefact: Artefact) -> str:
    """Say in two sentences how good the model is and beside what."""
    figures = artefact.figures
    model = figures["model"]
    said = (
        f"At the test cut the {artefact.family} model ranks a leaving customer above a staying one in "
        f"{model['auc']['figure']:.1%} of pairs (AUC {bounds(model['auc'])})"
    )
    if "recency" in figures:
        gain = figures["recency"]["gain"]
        said += f", {gain['figure']:+.3f} beside recency alone (AUC {figures['recency']['auc']:.3f})"
    return (
        f"{said}. Of the {figures['capacity']} customers with the highest probability "
        f"{model['precision_at_capacity']:.0%} left, which is {model['recall_at_capacity']:.0%} of all who left."
    )


def bounds(found: dict[str, float]) -> str:
    """Write a figure with its 95 % bootstrap interval."""
    return f"{found['figure']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def rows(artefact: Artefact) -> list[tuple[str, str, str]]:
    """Give the table of figures: name, model, recency alone (or base rate)."""
    figures = artefact.figures
    model, alone = figures["model"], figures.get("recency")
    recency_auc = f"{alone['auc']:.3f} (recency)" if alone else "no recency column"
    recency_brier = f"; {alone['brier']:.3f} (recency)" if alone else ""
    table = [
        ("AUC", bounds(model["auc"]), recency_auc),
        ("Brier score", bounds(model["brier"]), f"{figures['base_rate_brier']:.3f} (base rate){recency_brier}"),
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
        table.insert(1, ("AUC gained over recency", bounds(alone["gain"]), "0"))
    return table


def facts(artefact: Artefact) -> list[tuple[str, str]]:
    """Give what the reader must know about the test itself."""
    figures, cuts = artefact.figures, artefact.figures["cuts"]
    left_out = ", ".join(figures["left_out"])
    return [
        ("Horizon", f"{artefact.horizon_days} days"),
        ("Split", str(figures["split"])),
        ("Test cut", f"{cuts['test']}, {figures['customers']} customers, {figures['base_rate']:.1%} left"),
        ("Cuts that taught the tested model", ", ".join(cuts["teach"])),
        ("Validation cuts", ", ".join(cuts["validate"])),
        ("Calibration", str(figures["calibration_kind"])),
        ("Shipped model", str(artefact.manifest["shipped"])),
        *([("Left out, the same or unknown for everybody", left_out)] if left_out else []),
        ("Seed", str(artefact.manifest["seed"])),
    ]


def markdown(artefact: Artefact) -> str:
    """Write the report as Markdown."""
    lines = [f"# {artefact.module}: {artefact.family}, {artefact.horizon_days} days", "", summary(artefact), ""]
    lines += [f"> {remark}" for remark in artefact.figures["remarks"]]
    lines += ["", "| figure | model | beside |", "|---|---|---|"]
    lines += [f"| {name} | {ours} | {theirs} |" for name, ours, theirs in rows(artefact)]
    lines += ["", "## The test", ""]
    lines += [f"- {name}: {fact}" for name, fact in facts(artefact)]
    lines += ["", "## What moves the score", "", "| feature group | share |", "|---|---|"]
    importance = sorted(artefact.figures["importance"].items(), key=lambda one: (-one[1], one[0]))
    lines += [f"| {name} | {share:.1%} |" for name, share in importance]
    return "\n".join(lines) + "\n"
