"""Views from YAML: the text is read strictly, then held against the canonical schema.

`extends: NAME` starts from a view of the catalogue and replaces whole top-level keys (to `take` it adds); the hash is
that of the result.
"""

from functools import reduce
from importlib import resources
from itertools import takewhile
from operator import or_
from typing import Final

import yaml

from hub.views.currency import check_currency, currency_of, in_currency
from hub.views.errors import SpecRefused
from hub.views.feature import (
    STAGE,
    Aggregate,
    Case,
    Derived,
    DerivedOp,
    Feature,
    FeatureRole,
    Meaning,
    Measure,
    Op,
    Shape,
    Staged,
    Unit,
)
from hub.views.row_key import RowKey, RowKind
from hub.views.rules import check
from hub.views.section import Section
from hub.views.selection import choice_of, conditions_of, label_of, population_of, rows_of
from hub.views.signal import takes_signals, with_signals
from hub.views.spec import LANGUAGES, Grid, Reads, ViewSpec
from hub.views.summary_text import summary_of
from privacy.plain_yaml import load_yaml
from privacy.terms import EntityKind, PurposeId

_UNNAMED: Final = "(unnamed)"
_WIDTH: Final = 118


def load_spec(text: str) -> ViewSpec:
    """Read a view from YAML and refuse what it may not ask for.

    Raises:
        SpecRefused: the text is no YAML mapping, uses unknown words, or breaks a rule of `hub.views.rules`.

    """
    spec = _spec(_mapping(text))
    check(spec)
    return spec


def catalogue_text(name: str) -> str:
    """Return the YAML of a view of the default catalogue.

    Raises:
        SpecRefused: there is no view of this name (`unknown_view`).

    """
    text = _catalogue_file(name)
    return _written_out(name, text) if takes_signals(_laid(text)) else text


def _catalogue_file(name: str) -> str:
    """Read a view of the catalogue as it is kept: it may take over another one, and shared columns."""
    if name not in catalogue_names():
        raise SpecRefused(_UNNAMED, "catalogue", "unknown_view", f"use one of {', '.join(catalogue_names())}")
    return (resources.files("hub.views.catalogue") / f"{name}.yaml").read_text(encoding="utf-8")


def _written_out(name: str, text: str) -> str:
    """Write a view with all that it takes over, so that it stays what was approved when the catalogue changes."""
    comments = "\n".join(takewhile(lambda line: line.startswith("#"), text.splitlines()))
    body = yaml.safe_dump(_mapping(text), sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=None)
    return f"{comments}\n# `varde view new {name}` wrote this out: submit it as it is, or change it first.\n{body}"


def draft_text(name: str) -> str:
    """Return a commented draft under a name: it can be submitted as it is, and says what each line decides.

    Raises:
        SpecRefused: the name is no name of a view (`bad_name`).

    """
    text = (resources.files("hub.views") / "draft.yaml").read_text(encoding="utf-8").replace("NAME", name)
    check_currency(load_spec(text))
    return text


def catalogue_names() -> tuple[str, ...]:
    """Return the names of the default catalogue's views."""
    files = resources.files("hub.views.catalogue").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def catalogue_spec(name: str) -> ViewSpec:
    """Load a view of the default catalogue."""
    return load_spec(_catalogue_file(name))


def _mapping(text: str) -> dict[str, object]:
    """Parse YAML, lay it over the view that it extends, and write out the shared columns that it takes."""
    return with_signals(_laid(text))


def _laid(text: str) -> dict[str, object]:
    """Parse YAML and lay it over the view that it extends; what both take is taken."""
    try:
        content = load_yaml(text)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "text"
        raise SpecRefused(_UNNAMED, where, "not_yaml", "correct the YAML") from None
    if not isinstance(content, dict):
        raise SpecRefused(_UNNAMED, "text", "wrong_type", "write a mapping of names to values")
    if "extends" not in content:
        return content
    base = _laid(_catalogue_file(str(content.pop("extends"))))
    both = [each for each in (base.get("take"), content.get("take")) if isinstance(each, dict)]
    return {**base, **content, **({"take": reduce(or_, both)} if both else {})}


def _spec(content: dict[str, object]) -> ViewSpec:
    """Read the top level."""
    view = content.get("name")
    top = Section(view if isinstance(view, str) else _UNNAMED, "", content)
    features, currency = _features(top.section("features")), currency_of(top)
    grain, key = _grain(top)
    spec = ViewSpec(
        name=top.text("name"),
        version=top.whole("version"),
        grain=grain,
        key=key,
        purpose=PurposeId(top.text("purpose")),
        consumer=top.text("consumer"),
        description=top.text("description"),
        grid=choice_of(top, "as_of_grid", Grid, rule="unknown_grid"),
        population=population_of(top.section("population")),
        features=features,
        label=label_of(top.section("label")) if top.has("label") else None,
        quasi_identifiers=top.texts("quasi_identifiers"),
        k=top.whole("k"),
        expires_days=top.whole("expires_days"),
        texts=_texts(top.section("texts")),
        reads=_reads(top.section("reads")) if top.has("reads") else None,
        rationales=_rationales(top.section("rationales")),
        summary=summary_of(top.section("summary"), features) if top.has("summary") else None,
    )
    top.done()
    return spec if currency is None else in_currency(spec, currency)


def _reads(section: Section) -> Reads:
    """Read how often a period allows the view to be read."""
    reads = Reads(per=choice_of(section, "per", Grid, rule="unknown_period"), at_most=section.whole("at_most"))
    if reads.per is Grid.ARRIVAL:
        raise section.refused("per", "unknown_period", "write day, week or month")
    if reads.at_most < 1:
        raise section.refused("at_most", "bad_number", "write 1 or more")
    section.done()
    return reads


def _grain(top: Section) -> tuple[EntityKind, RowKey | None]:
    """Read what a row is: a customer, or what one of an `owner`'s rows is told apart by."""
    word = top.text("grain")
    if word in set(EntityKind):
        return EntityKind(word), None
    if word not in set(RowKind):
        raise top.refused("grain", "unknown_grain", f"use one of {', '.join((*EntityKind, *RowKind))}")
    kind = RowKind(word)
    owner = choice_of(top, "owner", EntityKind, rule="unknown_grain") if top.has("owner") else EntityKind.PERSON
    column = top.text("key") if kind is RowKind.CUSTOMER_PRODUCT else None
    days = top.whole("bucket_days") if kind is RowKind.TIME_BUCKET else None
    return owner, RowKey(kind=kind, column=column, bucket_days=days)


def _features(section: Section) -> tuple[Feature, ...]:
    """Read the features in the order of the text: a derived one may only use those before it."""
    return tuple(_feature(name, section.section(name)) for name in section.names)


def _feature(name: str, section: Section) -> Feature:
    """Read one feature, counted or derived by its `op`."""
    word = section.text("op")
    if word in set(DerivedOp):
        feature: Feature = Derived(
            name=name,
            op=DerivedOp(word),
            left=section.text("left"),
            right=section.text("right"),
            meaning=_meaning(section, Unit.RATIO),
            shape=_shape(section),
            at_most=section.number_or_none("at_most"),
        )
    elif word in set(Op):
        feature = _aggregate(name, Op(word), section)
    elif word == STAGE:
        feature = _staged(name, section)
    else:
        raise section.refused("op", "unknown_op", f"use one of {', '.join((*Op, *DerivedOp, STAGE))}")
    section.done()
    return feature


def _staged(name: str, section: Section) -> Staged:
    """Read a level that numbers decide."""
    return Staged(
        name=name,
        cases=tuple(_case(part) for part in section.sections("cases")),
        otherwise=section.text("otherwise"),
        meaning=_meaning(section, Unit.NUMBER),
        shape=_shape(section),
    )


def _case(section: Section) -> Case:
    """Read one level and its conditions."""
    case = Case(level=section.text("level"), conditions=conditions_of(section.section("when")))
    section.done()
    return case


def _aggregate(name: str, op: Op, section: Section) -> Aggregate:
    """Read a feature counted from events."""
    return Aggregate(
        name=name,
        op=op,
        rows=rows_of(section),
        column=section.text("column") if section.has("column") else None,
        minus=section.text("minus") if section.has("minus") else None,
        levels=section.texts("levels"),
        part=conditions_of(section.section("part")),
        every_days=section.whole_or_none("every_days"),
        meaning=_meaning(section, Unit.COUNT),
        shape=_shape(section),
        per_days=section.whole_or_none("per_days"),
        of=_measure(op, section),
        earlier_days=section.whole_or_none("earlier_days"),
        at_most=section.number_or_none("at_most"),
    )


def _measure(op: Op, section: Section) -> Measure | None:
    """Read what a trend compares; events are counted where nothing is said."""
    if section.has("of"):
        return choice_of(section, "of", Measure, rule="unknown_measure")
    return Measure.COUNT if op.compares else None


def _meaning(section: Section, unit: Unit) -> Meaning:
    """Read unit and role."""
    return Meaning(
        unit=choice_of(section, "unit", Unit, rule="unknown_unit") if section.has("unit") else unit,
        role=choice_of(section, "role", FeatureRole, rule="unknown_role") if section.has("role") else None,
    )


def _shape(section: Section) -> Shape:
    """Read how the value is released."""
    return Shape(
        top_code=section.number_or_none("top_code"),
        round_to=section.number_or_none("round_to"),
        bands=section.numbers("bands"),
        fill=section.number_or_none("fill"),
        released=section.truth("released", default=True),
        rare_below=section.whole_or_none("rare_below"),
    )


def _rationales(section: Section) -> dict[str, str]:
    """Read why each column is needed."""
    return {name: section.text(name) for name in section.names}


def _texts(section: Section) -> dict[str, dict[str, str]]:
    """Read the words of each feature in each language."""
    return {name: _languages(section.section(name)) for name in section.names}


def _languages(section: Section) -> dict[str, str]:
    """Read the name of one feature in each language."""
    texts = {language: section.text(language) for language in LANGUAGES}
    section.done()
    return texts
