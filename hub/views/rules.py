"""What a view may not ask for; each refusal names its rule, and docs and console translate the names.

Columns:
    identifier            no column that singles out a person; a keyed reference may only be counted
    employee              no column about an employee: they are data subjects too, and nobody ranks them
    special_category      nothing of Article 9(1)
    free_text, redacted_text   no words of a person, redacted or not (redacted text needs a grain of its own)
    undeclared_quasi_identifier   a quasi-identifier that leaves must stand in `quasi_identifiers`
    unknown_table, unknown_column, about_no_customer, unknown_value, op_column_mismatch, levels_required,
    window_required
Form:
    duplicate_name, unknown_feature, derived_undoes_generalisation, missing_text, bad_shape, bad_name, bad_k

Rows that are less than a customer, and redacted text, have rules of their own (`hub.views.row_rules`), and so have
figures of many (`hub.views.summary_rules`). Windows after as_of and labels before it are refused while reading
(`hub.views.selection`).
"""

import re
from collections.abc import Iterator
from typing import Final

from hub.views.column_rules import check_aggregate, check_rows, is_quasi
from hub.views.errors import SpecRefused
from hub.views.feature import Aggregate, Comparison, Derived, DerivedOp, Feature, Op, Rows, Shape, Staged
from hub.views.row_key import KEY_NAMES
from hub.views.row_rules import check_key, check_text, check_thread
from hub.views.spec import LANGUAGES, ViewSpec
from hub.views.summary import WITHHELD
from hub.views.summary_rules import check_summary

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KEYS: Final = {"subject", "pseudonym", "as_of", "record", "person", "organisation", *KEY_NAMES}
_RESERVED: Final = frozenset(_KEYS | {WITHHELD})


def check(spec: ViewSpec) -> None:
    """Hold a view against the canonical schema.

    Raises:
        SpecRefused: the first rule that the view breaks.

    """
    _check_form(spec)
    _check_texts(spec)
    for where, rows in _selections(spec):
        check_rows(spec.name, where, rows)
    for feature in spec.aggregates:
        if feature.op is Op.TEXT:
            check_text(spec, feature)
        elif feature.op is Op.THREAD:
            check_thread(spec, feature)
        else:
            check_aggregate(spec.name, feature)
    check_key(spec)
    check_summary(spec)
    if spec.summary is None:
        _check_quasi_identifiers(spec)


def _refuse(spec: ViewSpec, where: str, rule: str, remedy: str) -> SpecRefused:
    """Build a refusal."""
    return SpecRefused(spec.name, where, rule, remedy)


def _selections(spec: ViewSpec) -> Iterator[tuple[str, Rows]]:
    """Name every selection of rows of the view."""
    yield from (("population.any_of", rows) for rows in spec.population.any_of)
    yield from (("population.none_of", rows) for rows in spec.population.none_of)
    yield from ((f"features.{feature.name}", feature.rows) for feature in spec.aggregates)
    yield from (("label", rows) for rows in (spec.label.rows if spec.label else ()))


def _check_form(spec: ViewSpec) -> None:
    """Check names, references, shapes and numbers."""
    if not _NAME.fullmatch(spec.name):
        raise _refuse(spec, "name", "bad_name", "use lower case letters, digits and underscores")
    if spec.k < (2 if spec.quasi_identifiers else 1):  # a group of one hides nobody
        raise _refuse(spec, "k", "bad_k", "write 2 or more with quasi-identifiers, else 1 or more")
    if spec.expires_days < 1 or spec.version < 1:
        raise _refuse(spec, "version", "bad_number", "version and expires_days are 1 or more")
    _check_columns(spec)
    seen: dict[str, Feature] = {}
    for feature in spec.features:
        _check_name(spec, feature.name)
        _check_shape(spec, feature)
        if isinstance(feature, Derived):
            _check_derived(spec, feature, seen)
        elif isinstance(feature, Staged):
            _check_staged(spec, feature, seen)
        seen[feature.name] = feature


def _check_columns(spec: ViewSpec) -> None:
    """Check that what leaves can be told apart: each role once, and each name of a summary."""
    roles = [feature.meaning.role for feature in spec.released if feature.meaning.role]
    if len(roles) != len(set(roles)):
        raise _refuse(spec, "features", "duplicate_role", "give each role to one feature")
    for name in spec.columns:
        _check_name(spec, name)
    if len(set(spec.columns)) < len(spec.columns):
        raise _refuse(spec, "summary", "duplicate_name", "name dimensions and measures differently")


def _check_texts(spec: ViewSpec) -> None:
    """Check that each released feature has words, and that nothing else is named."""
    released = spec.columns
    if not released or (spec.summary is not None and not spec.summary.measures):
        raise _refuse(spec, "features", "missing_key", "release at least one feature, or one measure of a summary")
    for name in released:
        if set(spec.texts.get(name, {})) != set(LANGUAGES):
            raise _refuse(spec, f"texts.{name}", "missing_text", f"write it in {', '.join(LANGUAGES)}")
    for name in (*spec.texts, *spec.quasi_identifiers, *spec.rationales):
        if name not in released:
            raise _refuse(spec, name, "unknown_feature", "name a released feature")


def _check_quasi_identifiers(spec: ViewSpec) -> None:
    """Check that a quasi-identifier, or what is derived from one, does not leave undeclared."""
    quasi: set[str] = set()
    for feature in spec.features:
        made_of = is_quasi(feature) if isinstance(feature, Aggregate) else bool(set(feature.reads) & quasi)
        quasi |= {feature.name} if made_of else set()
        if made_of and feature.shape.released and feature.name not in spec.quasi_identifiers:
            where = f"features.{feature.name}"
            raise _refuse(spec, where, "undeclared_quasi_identifier", "add it to `quasi_identifiers` and set k")


def _check_name(spec: ViewSpec, name: str) -> None:
    """Check that a feature's name is plain and not taken by a key column or the label."""
    taken = _RESERVED | {spec.label.name if spec.label else ""}
    if not _NAME.fullmatch(name) or name in taken:
        raise _refuse(
            spec, f"features.{name}", "bad_name", "use lower case letters, digits, underscores; no key's name"
        )


def _check_shape(spec: ViewSpec, feature: Feature) -> None:
    """Check that steps are positive and bands rise."""
    shape = feature.shape
    if shape.rare_below is not None and shape.rare_below < 2:  # noqa: PLR2004 - a group of one hides nobody
        raise _refuse(spec, f"features.{feature.name}", "bad_shape", "`rare_below` is 2 or more")
    rising = all(low < high for low, high in zip(shape.bands, shape.bands[1:], strict=False))
    if not rising or (shape.round_to is not None and shape.round_to <= 0) or (shape.bands and shape.round_to):
        raise _refuse(spec, f"features.{feature.name}", "bad_shape", "a step above 0, or rising bands, not both")


def _check_derived(spec: ViewSpec, feature: Derived, seen: dict[str, Feature]) -> None:
    """Check that both sides stand before and that no exact value returns by the back door."""
    where = f"features.{feature.name}"
    if (feature.at_most is not None) != (feature.op is DerivedOp.WHILE):
        raise _refuse(spec, where, "op_column_mismatch", "`at_most` belongs to `while`, and `while` needs it")
    for side in feature.reads:
        if side not in seen:
            raise _refuse(spec, where, "unknown_feature", "derive from features that stand above this one")
        other = seen[side]
        if not _is_number(other):
            raise _refuse(spec, where, "op_column_mismatch", "derive from numbers, not from levels")
        if other.shape.generalises and feature.shape.released and not feature.shape.generalises:
            raise _refuse(spec, where, "derived_undoes_generalisation", "round, band or top-code it as well")


def _check_staged(spec: ViewSpec, feature: Staged, seen: dict[str, Feature]) -> None:
    """Check that each case compares numbers that stand before, and that a level leaves as it is."""
    where = f"features.{feature.name}"
    if not feature.cases or not all(case.conditions for case in feature.cases):
        raise _refuse(spec, where, "missing_key", "give each of the `cases` a `level` and a `when`")
    if feature.shape != Shape(released=feature.shape.released, rare_below=feature.shape.rare_below):
        raise _refuse(spec, where, "bad_shape", "a level is neither rounded, banded, top-coded nor filled")
    for condition in (each for case in feature.cases for each in case.conditions):
        if condition.column not in seen:
            raise _refuse(spec, where, "unknown_feature", "decide by features that stand above this one")
        if not _is_number(seen[condition.column]) or condition.comparison in (Comparison.IN, Comparison.NOT_IN):
            raise _refuse(spec, where, "op_column_mismatch", "compare numbers by ge, gt, le, lt, null or not_null")


def _is_number(feature: Feature) -> bool:
    """Say whether a feature has a number to derive from."""
    if isinstance(feature, Aggregate):
        return not feature.levels and feature.op not in (Op.TEXT, Op.THREAD)
    return isinstance(feature, Derived)
