"""Write the part of docs/guides/catalogue.md that lists views and columns from the catalogue itself.

    python -m tests.unit.catalogue_page

What stands before and after the two marks of the page is written by hand and kept.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.inspection.diff import formula_of, shape_in_words
from hub.inspection.reason import outcome_in_words, selection_in_words
from hub.views.feature import Aggregate, Feature
from hub.views.load import catalogue_names, catalogue_spec
from hub.views.signal import signals
from hub.views.spec import Label, ViewSpec
from hub.views.summary import CellMeasure, Dimension, Summary

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "guides" / "catalogue.md"
BEGIN: Final = "<!-- written by `python -m tests.unit.catalogue_page` -->\n"
END: Final = "<!-- end of what is written -->\n"
_TRAINING: Final = "_training"


def written() -> str:
    """Return the page as it has to be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    specs = [catalogue_spec(name) for name in catalogue_names()]
    views = "\n".join("\n".join(_view(spec)) for spec in specs)
    return f"{before}{BEGIN}{views}\n{END}{after}"


def _view(spec: ViewSpec) -> Iterator[str]:
    yield f"### {spec.name}"
    yield f"{spec.description}\n"
    yield f"{_rules(spec)}\n"
    if spec.label is not None:
        yield f"{_label(spec.label)}\n"
    if spec.name.endswith(_TRAINING):
        yield f"Columns: those of {spec.name.replace(_TRAINING, '_scoring')}, from the same definition.\n"
    elif spec.summary is not None:
        yield from _figures(spec, spec.summary)
    else:
        yield from _columns(spec)


def _rules(spec: ViewSpec) -> str:
    row = "a cell" if spec.summary else spec.key.kind.value.replace("_", " x ") if spec.key else spec.grain.value
    often = f", at most {spec.reads.at_most} reads a {spec.reads.per}" if spec.reads else ""
    groups = f" Quasi-identifiers {', '.join(spec.quasi_identifiers)}, k {spec.k}." if spec.quasi_identifiers else ""
    groups = groups or (f" k {spec.k}." if spec.k > 1 else "")
    staff = f" At least {spec.summary.min_staff} employees." if spec.summary and spec.summary.min_staff else ""
    some = [" or ".join(map(selection_in_words, spec.population.any_of))]
    some += [f"none of {' or '.join(map(selection_in_words, spec.population.none_of))}"]
    who = "; ".join(each for each in some if each not in {"", "none of "})
    return (
        f"Purpose `{spec.purpose}` · a row is {row} · read each {spec.grid}{often} · used for {spec.expires_days} days."
        f"{groups}{staff} Reads {', '.join(spec.tables)}.{f' Who: {who}.' if who else ''}"
    )


def _label(label: Label) -> str:
    said = map(outcome_in_words, label.outcomes)
    first, last = label.starts_days, label.starts_days + label.horizon_days
    return f"Label `{label.name}`: from day {first} after as_of up to day {last}, {', or '.join(said)}."


def _columns(spec: ViewSpec) -> Iterator[str]:
    yield "| column | signal | formula | why needed, and why not less | leaves |"
    yield "| --- | --- | --- | --- | --- |"
    made = {feature.name: feature for feature in spec.features}
    for feature in spec.released:
        signal = signals().get(feature.name, {}).get("signal", spec.texts[feature.name]["en"])
        cells = (f"`{feature.name}`", signal, _formula(feature, made), spec.rationales[feature.name])
        yield _row(*cells, shape_in_words(feature))
    yield ""


def _figures(spec: ViewSpec, summary: Summary) -> Iterator[str]:
    yield "| figure | formula | why needed, and why not less | leaves |"
    yield "| --- | --- | --- | --- |"
    made = {feature.name: feature for feature in spec.features}
    for dimension in summary.by:
        yield _row(f"by `{dimension.name}`", _levels(dimension, made), spec.rationales[dimension.name], "as a level")
    for measure in summary.measures:
        step = f"rounded to {measure.round_to:g}"
        yield _row(f"`{measure.name}`", _measured(measure, made), spec.rationales[measure.name], step)
    yield ""


def _levels(dimension: Dimension, made: dict[str, Feature]) -> str:
    if dimension.bucket_days is not None:
        return f"{dimension.bucket_days} days, counted back from as_of"
    if dimension.column is not None:
        return f"`{dimension.column}` of the event: {', '.join(dimension.levels)}"
    feature = made[dimension.feature or ""]
    return f"{_formula(feature, made)} ({shape_in_words(feature)})"


def _measured(measure: CellMeasure, made: dict[str, Feature]) -> str:
    if measure.of is None:
        return "customers of the cell"
    of, to = (None if name is None else _formula(made[name], made) for name in (measure.of, measure.to))
    times = f", times {measure.times:g}" if measure.times else ""
    if to is not None:
        return f"sum of [{of}] / sum of [{to}]{times}"
    return (
        f"share of customers with [{of}] above 0{times}" if measure.op == "share" else f"{measure.op} of [{of}]{times}"
    )


def _formula(feature: Feature, made: dict[str, Feature]) -> str:
    """Say how a feature is computed, and what those are that it is made of and that do not leave."""
    if isinstance(feature, Aggregate):
        return formula_of(feature)
    inner = [made[name] for name in feature.reads if not made[name].shape.released or name == feature.name]
    parts = [f"{each.name} = {_formula(each, made)}" for each in dict.fromkeys(inner)]
    return formula_of(feature) + (f"; {'; '.join(parts)}" if parts else "")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/').strip() for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
