"""What a version of a view changes, in plain sentences: for whoever approved the one before.

Sentences compare what the two specs say, so that a change of any rule shows: one that this module has no words for is
told by its name. Texts are left out: they change nothing that leaves, and have a hash of their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields

from sqlmodel import Session

from hub.inspection.reason import conditions_in_words, outcome_in_words, selection_in_words
from hub.inspection.summary_diff import summary_changes
from hub.views.budget import learns_of_the_same
from hub.views.feature import Aggregate, Derived, Feature, Measure, Shape, Staged
from hub.views.load import load_spec
from hub.views.spec import ViewSpec
from hub.views.version import Version, ViewState, all_versions

_PLAIN = {
    "grain": "a row is now a {new}, not a {old}",
    "purpose": "the purpose is now {new}, not {old}",
    "consumer": "the consumer is now {new}, not {old}",
    "grid": "it is now read at the start of each {new}, not each {old}",
    "k": "the smallest group is now {new}, not {old}",
    "expires_days": "rows may now be used for {new} days, not {old}",
}
_LEFT_OUT = frozenset(
    {"name", "version", "texts", "rationales", "features", "population", "label", "quasi_identifiers", "summary"}
)


def changes(old: ViewSpec | None, new: ViewSpec) -> tuple[str, ...]:
    """Say what is new against the version that was approved last; where none was, what the view releases at all."""
    if old is None:
        made_of = "releases" if new.summary is None else "computes inside"
        told = (f"{made_of} {_described(each)}" for each in new.released)
        return ("nothing of this view was approved before", *summary_changes(None, new.summary), *told)
    rules = (*_rules(old, new), *summary_changes(old.summary, new.summary))
    return (*rules, *_columns(old, new), *_population(old, new), *_label(old, new))


def changes_of(session: Session, row: Version) -> tuple[int | None, tuple[str, ...]]:
    """Compare a version with the one that was approved last; return that one's number, None if none was.

    Of figures it names, too, which approved views tell figures of the same acts: what all of them tell adds up.
    """
    others = [each for each in all_versions(session) if (each.name, each.version) != (row.name, row.version)]
    approved = [each for each in others if each.name == row.name and each.approved_at is not None]
    old, spec = approved[-1] if approved else None, load_spec(row.spec)
    told = (*changes(None if old is None else load_spec(old.spec), spec), *beside(spec, others))
    return None if old is None else old.version, told


def beside(spec: ViewSpec, versions: Iterable[Version]) -> Iterator[str]:
    """Name the approved views whose figures are of the same acts as a summary's, whatever their purpose."""
    if spec.summary is None:
        return
    standing = [each for each in versions if each.state == ViewState.APPROVED and each.name != spec.name]
    for other in (load_spec(each.spec) for each in standing):
        if other.summary is None or not learns_of_the_same(spec, other):
            continue
        tables = ", ".join(sorted(set(spec.tables) & set(other.tables)))
        if other.summary.budget is None:
            yield f"{other.name} tells figures of {tables} without noise, for {other.purpose}: the two can be compared"
        else:
            shared = "of the same budget" if other.purpose == spec.purpose else "of a budget of its own"
            yield f"{other.name} tells figures of {tables} with noise, for {other.purpose}, {shared}"


def _rules(old: ViewSpec, new: ViewSpec) -> Iterator[str]:
    for name in (field.name for field in fields(ViewSpec) if field.name not in _LEFT_OUT):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name == "reads":
            yield f"it may now be read {_often(new)}, not {_often(old)}"
        elif name == "description":
            yield "the description reads otherwise"
        else:
            yield _PLAIN.get(name, f"`{name}` is now {{new}}, not {{old}}").format(old=before, new=after)
    for added in sorted(set(new.quasi_identifiers) - set(old.quasi_identifiers)):
        yield f"{added} is now a quasi-identifier: groups below {new.k} by it are hidden"
    for removed in sorted(set(old.quasi_identifiers) - set(new.quasi_identifiers)):
        yield f"{removed} is a quasi-identifier no more: groups by it are not hidden"


def _columns(old: ViewSpec, new: ViewSpec) -> Iterator[str]:
    before, after = {each.name: each for each in old.features}, {each.name: each for each in new.features}
    for name, feature in after.items():
        if name not in before:
            yield f"adds {'' if feature.shape.released else 'the inner '}{_described(feature)}"
    for name, feature in before.items():
        if name not in after:
            yield f"removes {_described(feature)}"
    for name, feature in after.items():
        if name in before and before[name] != feature:
            yield from (f"{name}: {each}" for each in _differences(before[name], feature))
    if before.keys() == after.keys() and list(before) != list(after):
        yield "columns stand in another order"


def _differences(old: Feature, new: Feature) -> Iterator[str]:
    """Name what differs between two features of one name."""
    if type(old) is not type(new):
        yield f"is now {_described(new)}, not {_described(old)}"
        return
    for field in fields(new):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        match field.name:
            case "shape":
                yield f"leaves {_shaped(new.shape)}, not {_shaped(old.shape)}"
            case "rows":
                yield f"counts {selection_in_words(after)}, not {selection_in_words(before)}"
            case "part":
                yield f"its part is now {conditions_in_words(after)}, not {conditions_in_words(before)}"
            case "meaning":
                yield f"unit and role are now {after.unit} {after.role or '-'}, not {before.unit} {before.role or '-'}"
            case _:
                yield f"{field.name} is now {_plain(after)}, not {_plain(before)}"


def _population(old: ViewSpec, new: ViewSpec) -> Iterator[str]:
    for words, before, after in (
        ("of those who have", old.population.any_of, new.population.any_of),
        ("without those who have", old.population.none_of, new.population.none_of),
    ):
        if before != after:
            told = [" or ".join(map(selection_in_words, each)) or "anything" for each in (after, before)]
            yield f"the view is now {words} {told[0]}; it was {words} {told[1]}"


def _label(old: ViewSpec, new: ViewSpec) -> Iterator[str]:
    if old.label == new.label:
        return
    if new.label is None:
        yield "it teaches no label any more"
    elif old.label is None:
        yield f"it now teaches the label {new.label.name}, {new.label.horizon_days} days ahead"
    else:
        days = f"{new.label.horizon_days} days ahead, from day {new.label.starts_days}"
        yield f"the label {new.label.name} is decided otherwise: {days} (before: {old.label.horizon_days} days)"
        if old.label.outcomes != new.label.outcomes:
            told = [" or ".join(map(outcome_in_words, each.outcomes)) for each in (new.label, old.label)]
            yield f"the label {new.label.name} is now true of {told[0]}; it was true of {told[1]}"


def _described(feature: Feature) -> str:
    return f"{feature.name}: {formula_of(feature)}, {shape_in_words(feature)}"


def formula_of(feature: Feature) -> str:
    """Say how a feature comes to its value, in words."""
    if isinstance(feature, Derived):
        bound = "" if feature.at_most is None else f" (at most {feature.at_most:g})"
        return f"{feature.op} of {feature.left} and {feature.right}{bound}"
    if isinstance(feature, Staged):
        cases = [f"{case.level} if {conditions_in_words(case.conditions)}" for case in feature.cases]
        return f"stage: {'; else '.join([*cases, feature.otherwise])}"
    return f"{feature.op}{_what(feature)}, {selection_in_words(feature.rows)}"


def _what(feature: Aggregate) -> str:
    """Say what of the events is measured, and against what."""
    said = [
        f"of {feature.column}" if feature.column else "",
        f"less {feature.minus}, in hours" if feature.minus else "",
        f"where no more than {feature.at_most:g}" if feature.at_most is not None else "",
        f"by {feature.of}" if feature.of and feature.of is not Measure.COUNT else "",
        f"of those with {conditions_in_words(feature.part)}" if feature.part else "",
        f"in periods of {feature.every_days} days" if feature.every_days else "",
        f"for each {feature.per_days} days" if feature.per_days else "",
        f"against the {feature.earlier_days or feature.rows.window_days} days before" if feature.op.compares else "",
    ]
    return "".join(f" {each}" for each in said if each)


def shape_in_words(feature: Feature) -> str:
    """Say how exactly a feature leaves."""
    levels = feature.levels if isinstance(feature, Aggregate) else ()
    return _shaped(feature.shape) + (f", showing {', '.join(levels)}" if levels else "")


def _shaped(shape: Shape) -> str:
    said = [
        f"at most {shape.top_code:g}" if shape.top_code is not None else "",
        f"rounded to {shape.round_to:g}" if shape.round_to is not None else "",
        f"in bands from {', '.join(f'{edge:g}' for edge in shape.bands)}" if shape.bands else "",
        f"with {shape.fill:g} where there is none" if shape.fill is not None else "",
    ]
    exact = " and ".join(each for each in said if each) or "exact"
    return exact if shape.released else f"{exact}, kept inside"


def _often(spec: ViewSpec) -> str:
    return f"at most {spec.reads.at_most} times a {spec.reads.per}" if spec.reads else "any number of times"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
