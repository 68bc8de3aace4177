"""The `summary` of a view, read from its YAML."""

from hub.views.feature import Aggregate, Feature
from hub.views.section import Section
from hub.views.selection import choice_of
from hub.views.staff import is_staffed
from hub.views.summary import LEAST_GROUP, MICRO, Budget, CellMeasure, Dimension, MeasureOp, Summary


def summary_of(section: Section, features: tuple[Feature, ...]) -> Summary:
    """Take what leaves as figures; where tables name who did the work, staff are counted unless the text says 0."""
    by, measures = section.section("by"), section.section("measures")
    summary = Summary(
        by=tuple(_dimension(name, by.section(name)) for name in by.names),
        measures=tuple(_measure(name, measures.section(name)) for name in measures.names),
        totals=section.truth("totals", default=True),
        dominance=section.whole("dominance", 10),
        min_staff=section.whole("min_staff", _least_staff(features)),
        budget=_budget(section.section("privacy")) if section.has("privacy") else None,
    )
    section.done()
    return summary


def _least_staff(features: tuple[Feature, ...]) -> int:
    tables = {feature.rows.table for feature in features if isinstance(feature, Aggregate)}
    return LEAST_GROUP if any(map(is_staffed, tables)) else 0


def _dimension(name: str, section: Section) -> Dimension:
    """Take a dimension; exactly one of its three kinds."""
    kinds = [key for key in ("feature", "column", "bucket_days") if section.has(key)]
    if len(kinds) != 1:
        raise section.refused("", "bad_dimension", "write one of `feature`, `column` with `levels`, `bucket_days`")
    dimension = Dimension(
        name=name,
        feature=section.text("feature") if kinds == ["feature"] else None,
        column=section.text("column") if kinds == ["column"] else None,
        levels=section.texts("levels"),
        bucket_days=section.whole("bucket_days") if kinds == ["bucket_days"] else None,
    )
    section.done()
    return dimension


def _measure(name: str, section: Section) -> CellMeasure:
    """Take a measure."""
    measure = CellMeasure(
        name=name,
        op=choice_of(section, "op", MeasureOp, rule="unknown_op"),
        of=section.text("of") if section.has("of") else None,
        to=section.text("to") if section.has("to") else None,
        times=section.number_or_none("times"),
        round_to=section.number_or_none("round_to"),
    )
    section.done()
    return measure


def _budget(section: Section) -> Budget:
    """Take a budget: millionths of epsilon, rounded down for a release's noise and for the whole."""
    epsilon, total = (section.number_or_none(key) or 0 for key in ("epsilon", "budget"))
    budget = Budget(
        epsilon=int(epsilon * MICRO),
        total=int(total * MICRO),
        cells_per_customer=section.whole("cells_per_customer", 1),
    )
    section.done()
    return budget
