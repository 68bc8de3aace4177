"""The report of a yes/no module as data and as Markdown: what was measured, on whom, beside what. No personal data.

Every function takes an artefact whose sentences are in words already (`spoken`), and the words to tell it in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from predict.alerts import AHEAD
from predict.artefact import Artefact
from predict.telling.teller import Teller

RULE: Final = "rule"
_DAY: Final = 10
"""Characters of a day at the beginning of an instant."""
Rows = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a report; without lines it is not shown."""

    title: str
    head: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]


def spoken(artefact: Artefact, teller: Teller) -> Artefact:
    """Put the sentences among an artefact's figures into words."""
    return replace(artefact, figures=teller.beside(artefact.features).spoken(artefact.figures))


def report(artefact: Artefact, teller: Teller) -> dict[str, Any]:
    """Give the report as plain JSON values."""
    return {
        "module": artefact.module,
        "family": artefact.family,
        "horizon_days": artefact.horizon_days,
        "figures": artefact.figures,
        "manifest": artefact.manifest,
        "summary": summary(artefact, teller),
    }


def title(artefact: Artefact, teller: Teller) -> str:
    """Name the module, the kind of model and the horizon."""
    family = teller.named("family", artefact.family)
    return teller.say("report.title", title=teller.say("title"), family=family, days=artefact.horizon_days)


def summary(artefact: Artefact, teller: Teller) -> str:
    """Say in two sentences how good the model is and beside what."""
    figures = artefact.figures
    if "model" not in figures:
        return teller.say("summary.unmeasured", remark=figures["remarks"][0])
    model = figures["model"]
    pair = teller.say("pair", kind=teller.named("kind", artefact.family), auc=model["auc"]["figure"])
    places: dict[str, Any] = {"pair": pair, "auc": model["auc"]}
    if "baseline" in figures:
        alone = figures["baseline"]
        gain = teller.format_field(alone["gain"]["figure"], "+.3f")
        places |= {"gain": gain, "word": alone["word"], "alone": alone["auc"]}
    said = teller.say("summary.beside" if "baseline" in figures else "summary.auc", **places)
    top = {"precision": model["precision_at_capacity"], "recall": model["recall_at_capacity"]}
    return f"{said} {teller.say('top', capacity=figures['capacity'], **top)}"


def sections(artefact: Artefact, teller: Teller) -> tuple[Section, ...]:
    """Give the tables that every module has, in the order of the page."""

    def table(name: str, lines: Rows) -> Section:
        return Section(teller.say(f"{name}.title"), teller.head(f"{name}.head"), lines)

    moved = [(name, teller.format_field(share, "share1")) for name, share in moves(artefact, teller)]
    return (
        table("test", list(facts(artefact, teller))),
        table("readiness", lights(artefact, teller)),
        table("warned", warned(artefact, teller)),
        table("served", served(artefact, teller)),
        table("worth", worth(artefact, teller)),
        table("moves", list(moved)),
    )


def rows(artefact: Artefact, teller: Teller) -> Rows:
    """Give the table of figures: name, model, baseline alone (or base rate)."""
    figures, say = artefact.figures, teller.say
    if "model" not in figures:
        return []
    model, alone, top = figures["model"], figures.get("baseline"), {"capacity": figures["capacity"]}
    base = say("figures.base_rate", figure=figures["base_rate"])
    brier = say("figures.base_rate", figure=figures["base_rate_brier"])
    ranked = say("figures.no_baseline")
    if alone:
        ranked = say("figures.alone", figure=alone["auc"], word=alone["word"])
        brier += f"; {say('figures.alone', figure=alone['brier'], word=alone['word'])}"
    write = teller.format_field
    table: Rows = [
        (say("figures.auc"), write(model["auc"], "bounds"), ranked),
        (say("figures.brier"), write(model["brier"], "bounds"), brier),
        (say("figures.average_precision"), write(model["average_precision"], "bounds"), base),
        (say("figures.ece"), write(model["ece"], ".3f"), ""),
        (say("figures.precision", **top), write(model["precision_at_capacity"], ".3f"), base),
        (say("figures.recall", **top), write(model["recall_at_capacity"], ".3f"), ""),
        (say("figures.lift"), write(model["lift_top_tenth"], ".2f"), say("figures.chance", figure=1.0)),
    ]
    if alone:
        table.insert(1, (say("figures.auc_gained", word=alone["word"]), write(alone["gain"], "bounds"), "0"))
    return table


def facts(artefact: Artefact, teller: Teller) -> Rows:
    """Give what the reader must know about the test itself."""
    figures, cuts, say = artefact.figures, artefact.figures["cuts"], teller.say
    kind, hindered = figures.get("calibration_kind"), figures.get("validation", {}).get("boosting_hindered")
    stood = say("stood", customers=figures["customers"], base_rate=figures["base_rate"])
    told = [
        ("test.horizon", say("test.days", days=artefact.horizon_days)),
        ("test.rhythm", _rhythm(figures.get("horizon", {}), teller)),
        ("test.split", teller.named("split", str(figures["split"]))),
        ("test.cut", f"{cuts['test'][:_DAY]}, {stood}"),
        ("test.teach", ", ".join(cut[:_DAY] for cut in cuts["teach"])),
        ("test.validate", ", ".join(cut[:_DAY] for cut in cuts["validate"]) or say("none")),
        ("test.calibration", teller.named("calibration", kind) if kind else ""),
        ("test.shipped", say("shipped.rule" if artefact.family == RULE else "shipped.model")),
        ("test.hindered", say("hindered") if hindered else ""),
        ("test.left_out", ", ".join(figures["left_out"])),
        ("test.seed", str(artefact.manifest["seed"])),
    ]
    return [(say(key), fact) for key, fact in told if fact]


def _rhythm(told: dict[str, Any], teller: Teller) -> str:
    """Say how many would be silent by their own rhythm alone, and which horizon that proposes."""
    if not told:
        return ""
    silent = [teller.say("test.silent", days=days, share=share) for days, share in told["by_rhythm"].items()]
    return teller.say(
        "test.rhythm_said", days=told["proposed_days"], gap=told["median_gap_days"], silent=", ".join(silent)
    )


def markdown(artefact: Artefact, teller: Teller, added: Sequence[Section] = ()) -> str:
    """Write the report as Markdown; `added` are the tables of the module itself, which are read first."""
    artefact = spoken(artefact, teller)
    lines = [f"# {title(artefact, teller)}", "", *_tables(added)]
    lines += [f"## {teller.say('model.title')}", ""] if any(one.lines for one in added) else []
    lines += [summary(artefact, teller), "", *(f"> {remark}" for remark in artefact.figures["remarks"]), ""]
    lines += [*_table(teller.head("figures.head"), rows(artefact, teller)), "", *_tables(sections(artefact, teller))]
    return "\n".join(lines).rstrip() + "\n"


def _tables(told: Sequence[Section]) -> Iterator[str]:
    for one in told:
        yield from (f"## {one.title}", "", *_table(one.head, one.lines), "") if one.lines else ()


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(line)} |" for line in lines)]


def lights(artefact: Artefact, teller: Teller) -> Rows:
    """Give the findings of readiness: what, light, have, need, advice."""
    return [
        (
            teller.named("finding", one["name"]),
            teller.named("light", one["light"]),
            *(teller.format_field(one[each], "g") for each in ("have", "need")),
            one["advice"],
        )
        for one in artefact.figures["readiness"]["findings"]
    ]


def moves(artefact: Artefact, teller: Teller) -> list[tuple[str, float]]:
    """Give each feature group with its share of all movement, the greatest first."""
    told = sorted(artefact.figures.get("importance", {}).items(), key=lambda one: (-one[1], one[0]))
    labelled = {name: teller.label(name, artefact.features) for name, _ in told}
    return [(teller.say("group.rhythm") if name == "rhythm" else labelled[name], share) for name, share in told]


def served(artefact: Artefact, teller: Teller) -> Rows:
    """Give a row for each level: customers, share with the outcome, mean chance, recall, precision, with intervals."""
    write = teller.format_field

    def spanned(one: dict[str, Any], name: str) -> str:
        return write(one[name], "span") if name in one else ""

    return [
        (
            f"{teller.label(one['segment'], artefact.features)}: {teller.named('level', one['level'])}",
            str(one["customers"]),
            spanned(one, "share") or teller.say("served.few"),
            write(one["foretold"], "share") if "foretold" in one else "",
            spanned(one, "recall"),
            spanned(one, "precision"),
        )
        for one in artefact.figures.get("segments", [])
    ]


def warned(artefact: Artefact, teller: Teller) -> Rows:
    """Give a row for each number of alerts: how many were right and by chance, departures found and how early."""
    write = teller.format_field
    return [
        (
            teller.say("warned.alerts", **{name: one[name] for name in ("a_cut", "alerts", "cuts")}),
            write(one["precision"], "span"),
            write(one["by_lot"], "share"),
            write(one["found"], "span"),
            teller.say("none") if one["median_lead_days"] is None else write(one["median_lead_days"], ".0f"),
            *(write(one["warned_ahead"][str(days)], "span") for days in AHEAD),
        )
        for one in artefact.figures.get("warnings", {}).values()
    ]


def worth(artefact: Artefact, teller: Teller) -> Rows:
    """Give a row for each source: the AUC lost without it with its interval, and which of its signals are missing."""
    return [
        (
            teller.named("source", one["family"]),
            teller.say("worth.lost", lost=one["auc_lost"], of=one["auc_lost"]["of"])
            if "auc_lost" in one
            else teller.say("worth.absent"),
            ", ".join(one["missing"]) or teller.say("none"),
        )
        for one in artefact.figures.get("families", [])
    ]
