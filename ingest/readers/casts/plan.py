"""From a contract and the types a file gave to the expressions of one pass: outputs and checks."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ingest.canonical.catalogue import TABLES
from ingest.canonical.profiles import PROFILES
from ingest.canonical.table import Column
from ingest.contract.model import ColumnMapping, ColumnType, Contract, Reference
from ingest.contract.target import targets_of
from ingest.readers.casts.category import (
    PERMISSIVE,
    RESTRICTIVE,
    boolean_cast,
    category_cast,
    consent_act,
    consent_cast,
)
from ingest.readers.casts.check import NULL_KEY, Cast, Check, source_of
from ingest.readers.casts.instant import date_cast, instant_cast, instant_of
from ingest.readers.casts.number import currency_cast, money_cast, negative_check, number_cast
from ingest.readers.casts.sound import Sound
from ingest.readers.casts.text import fraction_checks, joined_key, joined_text, text_cast, unfit_text
from privacy.terms import ConsentAct

Dtypes = dict[str, pl.DataType]
_TOO_SOON = ("a permission dated in the future", "correct the date at the source, or deliver it once it has come")


@dataclass(frozen=True, slots=True)
class Plan:
    """All outputs and checks of a contract over one file's types."""

    outputs: tuple[pl.Expr, ...]
    checks: tuple[Check, ...]


def plan_of(contract: Contract, dtypes: Dtypes, sound: Sound, *, arrived: datetime | None = None) -> Plan:
    """Compile a contract for source columns of these types, some of which are known to be sound.

    With `arrived` a row whose permission is dated after it is refused; without, nothing is held against a clock.
    """
    casts = [*_keys(contract, dtypes), *_texts(contract, dtypes)]
    casts += [_value(contract, mapping, dtypes, sound) for mapping in contract.columns if not _is_text(mapping)]
    casts += _constants(contract)
    amounts = [mapping.to for mapping in contract.columns if mapping.type is ColumnType.MONEY]
    if contract.currency is not None and amounts:
        casts.append(currency_cast(contract.currency, dtypes, amounts))
    casts += _consents(contract, dtypes, arrived)
    checks = [check for cast in casts for check in cast.checks]
    doubtful = [column for column, dtype in dtypes.items() if dtype == pl.String and column not in sound]
    checks += [check for column in doubtful for check in unfit_text(column)]
    return Plan(tuple(cast.output for cast in casts), (*_customer(contract), *checks))


def _is_text(mapping: ColumnMapping) -> bool:
    """Say whether a column is free text: several of them become one."""
    return mapping.type is ColumnType.TEXT


def _keys(contract: Contract, dtypes: Dtypes) -> list[Cast]:
    """Build the raw key columns that the pipeline turns into record ids and digests."""
    if contract.is_identity:
        casts = [_key(contract.key, "_key", dtypes, required=True)]
        return casts + _reference(contract.organisation, "_organisation_key", dtypes)
    casts = [
        *(_reference(contract.person, "_person_key", dtypes) or [_nothing("_person_key")]),
        *(_reference(contract.organisation, "_organisation_key", dtypes) or [_nothing("_organisation_key")]),
    ]
    if not contract.key:
        return [*casts, _nothing("_event_key")]
    return [*casts, _key(contract.key, "_event_key", dtypes, required=True)]


def _nothing(output: str) -> Cast:
    """Fill a column with null."""
    return Cast(pl.lit(None, dtype=pl.String).alias(output))


def _key(columns: tuple[str, ...], output: str, dtypes: Dtypes, *, required: bool) -> Cast:
    """Build one key column."""
    checks = fraction_checks(columns, dtypes)
    if required:
        checks = (*checks, Check(", ".join(columns), *NULL_KEY, pl.col(output).is_null()))
    return Cast(joined_key(columns, dtypes).alias(output), checks)


def _reference(reference: Reference | None, output: str, dtypes: Dtypes) -> list[Cast]:
    """Build the key of a customer; null is judged for person and organisation together."""
    return [] if reference is None else [_key((reference.column,), output, dtypes, required=False)]


def _customer(contract: Contract) -> list[Check]:
    """Refuse rows that belong to nobody."""
    if not contract.needs_customer:
        return []
    references = [ref for ref in (contract.person, contract.organisation) if ref is not None]
    column = ", ".join(reference.column for reference in references)
    bad = pl.col("_person_key").is_null() & pl.col("_organisation_key").is_null()
    return [Check(column, *NULL_KEY, bad)]


def _texts(contract: Contract, dtypes: Dtypes) -> list[Cast]:
    """Join the free text columns, subject and body say, line by line in the contract's order."""
    texts = [mapping for mapping in contract.columns if _is_text(mapping)]
    if not texts:
        return []
    parts = [text_cast(mapping.column, dtypes[mapping.column], "part").output for mapping in texts]
    joined = pl.concat_str(parts, separator="\n", ignore_nulls=True)
    value = pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(joined)
    return [Cast(value.alias("_text_text_redacted"))]


def _value(contract: Contract, mapping: ColumnMapping, dtypes: Dtypes, sound: Sound) -> Cast:
    """Build the cast of one mapped column, with the checks that its canonical column adds."""
    column = targets_of(contract.table)[mapping.to].column
    if column is None:
        return _attribute(contract, mapping, dtypes)
    if _is_canonical(mapping, column, sound):
        cast = Cast(source_of(mapping.column).alias(mapping.to))
    else:
        cast = _typed(contract, mapping, column, dtypes)
    required = () if contract.is_identity else _required(mapping, column)
    return Cast(cast.output, (*cast.checks, *required, *negative_check(mapping, column.minimum)))


def _is_canonical(mapping: ColumnMapping, column: Column, sound: Sound) -> bool:
    """Say whether each value of a column is known to be a canonical one already."""
    values = sound.get(mapping.column)
    return values is not None and mapping.values is None and bool(column.allowed) and values <= set(column.allowed)


def _required(mapping: ColumnMapping, column: Column) -> tuple[Check, ...]:
    """Refuse null where the canonical column needs a value."""
    if not column.required:
        return ()
    remedy = "deliver a value in every row"
    return (Check(mapping.column, "is empty", remedy, pl.col(mapping.to).is_null()),)


def _typed(contract: Contract, mapping: ColumnMapping, column: Column, dtypes: Dtypes) -> Cast:
    """Choose the cast by the mapping's type."""
    dtype, form = dtypes[mapping.column], contract.format
    dates = mapping.dates or form.dates
    match mapping.type:
        case ColumnType.INSTANT:
            return instant_cast(mapping.column, dtype, mapping.to, form=form, dates=dates)
        case ColumnType.DATE:
            return date_cast(mapping.column, dtype, mapping.to, form=form, dates=dates)
        case ColumnType.MONEY:
            return money_cast(mapping, contract, dtypes)
        case ColumnType.INTEGER | ColumnType.NUMBER:
            return number_cast(mapping, dtype, column.dtype, form)
        case ColumnType.BOOLEAN:
            return boolean_cast(mapping, dtype)
        case ColumnType.REFERENCE:
            return text_cast(mapping.column, dtype, f"_ref_{mapping.to}")
        case ColumnType.EMPLOYEE:
            return text_cast(mapping.column, dtype, "_employee_key")
        case _:
            return _code(mapping, dtype, column)


def _code(mapping: ColumnMapping, dtype: pl.DataType, column: Column) -> Cast:
    """Build a code; a postcode area is never more than the first two signs of a postcode."""
    cast = category_cast(mapping, dtype, column.allowed)
    if column.name != "postcode_area":
        return cast
    return Cast(cast.output.str.slice(0, 2).alias(mapping.to), cast.checks)


def _attribute(contract: Contract, mapping: ColumnMapping, dtypes: Dtypes) -> Cast:
    """Build an identity attribute as text; dates as ISO 8601, so that all sources agree."""
    dtype = dtypes[mapping.column]
    if mapping.followed_by is not None:
        return joined_text((mapping.column, mapping.followed_by), dtypes, mapping.to)
    if mapping.standardiser != "date" and mapping.type is not ColumnType.DATE:
        return category_cast(mapping, dtype, ())
    dates = mapping.dates or contract.format.dates
    cast = date_cast(mapping.column, dtype, mapping.to, form=contract.format, dates=dates)
    text = cast.output.dt.to_string("iso").alias(mapping.to)
    return Cast(text, cast.checks[:1])


def _constants(contract: Contract) -> list[Cast]:
    """Fill the constant columns in their canonical types."""
    table = PROFILES if contract.is_identity else TABLES[contract.table]
    return [
        Cast(pl.lit(value, dtype=table.column(name).dtype).alias(name)) for name, value in contract.constants.items()
    ]


def _consents(contract: Contract, dtypes: Dtypes, arrived: datetime | None) -> list[Cast]:
    """Build acts and their instants; a restrictive act counts even where its own date is broken or still to come."""
    casts = []
    for number, consent in enumerate(contract.consent):
        act = f"_consent_{number}"
        casts.append(consent_cast(consent, dtypes[consent.column], act))
        when = f"{act}_at"
        if consent.at is None:
            casts.append(Cast(pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias(when)))
            continue
        dates = _dates_of(contract, consent.at)
        cast = instant_cast(consent.at, dtypes[consent.at], when, form=contract.format, dates=dates)
        excused = _is_one_of(act, RESTRICTIVE)
        checks = [Check(check.column, check.rule, check.remedy, check.bad & ~excused) for check in cast.checks]
        if arrived is not None:
            too_soon = _is_one_of(act, PERMISSIVE) & (pl.col(when) > pl.lit(arrived))
            checks.append(Check(consent.at, *_TOO_SOON, too_soon))
        casts.append(Cast(cast.output, tuple(checks)))
    return casts


def _is_one_of(act: str, acts: frozenset[ConsentAct]) -> pl.Expr:
    """Say whether the act in a column is one of these; no act is none of them."""
    return pl.col(act).is_in([kind.value for kind in acts]).fill_null(value=False)


def _dates_of(contract: Contract, column: str) -> tuple[str, ...]:
    """Return the patterns of a source column: its own, or the file's."""
    mapping = contract.mapping_of(column)
    return (mapping.dates if mapping is not None else ()) or contract.format.dates


def withheld_acts(contract: Contract, dtypes: Dtypes) -> list[pl.Expr]:
    """Build key and restrictive acts alone, for rows that are refused for another fault."""
    outputs = [joined_key(contract.key, dtypes).alias("_key")]
    for number, consent in enumerate(contract.consent):
        act = consent_act(consent, dtypes[consent.column])
        outputs.append(pl.when(act.is_in([kind.value for kind in RESTRICTIVE])).then(act).alias(f"_consent_{number}"))
        at = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
        if consent.at is not None:
            dates = _dates_of(contract, consent.at)
            at = instant_of(consent.at, dtypes[consent.at], form=contract.format, dates=dates)
        outputs.append(at.alias(f"_consent_{number}_at"))
    return outputs
