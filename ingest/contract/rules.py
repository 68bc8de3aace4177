"""The rules of a source contract that a JSON Schema cannot say."""

import codecs
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind
from ingest.contract.model import ColumnMapping, ColumnType, Contract, FormatKind
from ingest.contract.target import Target, targets_of
from ingest.errors import ContractInvalid
from privacy.terms import EntityKind

Breach = tuple[str, str, str]
"""Where (path of keys), which rule, what to do."""

_EPOCHS = frozenset({"epoch_s", "epoch_ms", "epoch_us"})


def verify_contract(contract: Contract) -> None:
    """Insist that a contract makes sense as a whole.

    Raises:
        ContractInvalid: the first rule that is broken.

    """
    for check in (_format, _keys, _targets, _columns_once, _required, _constants, _consent, _completeness):
        for where, rule, remedy in check(contract):
            raise ContractInvalid(contract.name, where, rule, remedy)


def suggestion(name: str, known: tuple[str, ...] | list[str]) -> str:
    """Name the closest known word, as a remedy."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "known are " + ", ".join(sorted(known))


def _format(contract: Contract) -> Iterator[Breach]:
    """Check zone, encoding and signs."""
    form = contract.format
    if form.timezone not in _zones():
        yield "format.timezone", "is not an IANA time zone", "write it like Europe/Oslo"
    if form.encoding is not None and not _is_encoding(form.encoding):
        yield "format.encoding", "is not a text encoding that Python knows", "write utf-8, cp1252 or utf-16"
    if form.decimal == form.thousands:
        yield "format.thousands", "is the decimal sign too", "leave `thousands` out or change `decimal`"
    if form.delimiter is not None and form.delimiter in '"\r\n\\':
        yield "format.delimiter", "cannot separate fields", "use a comma, semicolon, tab or bar"
    if form.sheet is not None and form.kind is not FormatKind.XLSX:
        yield "format.sheet", "only a workbook has sheets", "remove it"


@cache
def _zones() -> frozenset[str]:
    """List the zones of this machine: two thousand small files are looked into, so once a process."""
    return frozenset(available_timezones())


def _is_encoding(name: str) -> bool:
    """Say whether a name is a codec from bytes to text."""
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # noqa: SLF001 - the only way to tell
    except LookupError:
        return False


def _keys(contract: Contract) -> Iterator[Breach]:
    """Check who the rows belong to."""
    if contract.is_identity and len(contract.key) != 1:
        yield "key", "people and organisations have exactly one key column", "name the source's own number"
    if contract.needs_customer and contract.person is None and contract.organisation is None:
        yield "person", "rows would belong to nobody", "declare `person`, `organisation` or both"
    if contract.is_identity and contract.person is not None:
        yield "person", "an identity record is its own person", "remove it: `key` names the record"
    if contract.entity_kind is EntityKind.ORGANISATION and contract.organisation is not None:
        yield "organisation", "an organisation's record is its own", "remove it: `key` names the record"
    if not contract.is_identity and not contract.needs_customer and contract.person is not None:
        yield "person", f"{contract.table} is about no person", "remove it"


def _targets(contract: Contract) -> Iterator[Breach]:
    """Check each mapping against what it maps to."""
    targets = targets_of(contract.table)
    for mapping in contract.columns:
        where = f"columns.{mapping.column}"
        target = targets[mapping.to]
        if not target.accepts(mapping.type):
            yield f"{where}.type", f"{mapping.to} is of type {target.type}", f"write {target.type} or leave it out"
        if mapping.category is not target.category:
            yield f"{where}.category", f"{mapping.to} is {target.category}", f"write {target.category}, leave it out"
        if mapping.values is not None:
            yield from _mapped_values(where, target, mapping.values)
        if mapping.standardiser and target.column is not None:
            yield f"{where}.standardise", "only identity attributes are standardised", "remove it"
        if mapping.times is not None:
            yield from _multiplied(f"{where}.times", mapping)
        if mapping.followed_by is not None:
            yield from _followed(f"{where}.followed_by", mapping)


def _multiplied(where: str, mapping: ColumnMapping) -> Iterator[Breach]:
    """Check that what is multiplied is money, and with something else."""
    if mapping.type is not ColumnType.MONEY:
        yield where, "only money is multiplied", "remove it"
    if mapping.times == mapping.column:
        yield where, "is the column itself", "name the column with the number of pieces"


def _followed(where: str, mapping: ColumnMapping) -> Iterator[Breach]:
    """Check that what is followed by another column is an attribute, and by something else."""
    if mapping.type is not ColumnType.ATTRIBUTE:
        yield where, "only identity attributes are put together", "remove it"
    if mapping.values is not None or mapping.standardiser == "date":
        yield where, "only text as it is delivered is put together", "remove it"
    if mapping.followed_by == mapping.column:
        yield where, "is the column itself", "name the column with the rest, such as the house number"


def _mapped_values(where: str, target: Target, values: dict[str, str]) -> Iterator[Breach]:
    """Check the right side of `values` against the closed list of the canonical column."""
    allowed = target.column.allowed if target.column is not None else ()
    if allowed and not set(values.values()) <= set(allowed):
        yield f"{where}.values", f"maps to a value that {target.name} does not have", "use " + ", ".join(allowed)


def _columns_once(contract: Contract) -> Iterator[Breach]:
    """Check that no target is filled twice and no column is both used and ignored."""
    counts = Counter(mapping.to for mapping in contract.columns if mapping.to != "text_redacted")
    for target, count in counts.items():
        if count > 1:
            yield "columns", f"{target} is mapped {count} times", "map one source column to it"
        if target in contract.constants:
            yield f"constants.{target}", "is mapped from a column too", "remove one of the two"
    used = set(contract.declared_columns) - set(contract.ignore)
    used |= {mapping.column for mapping in contract.columns} | set(contract.beside) | set(contract.key)
    for number, name in enumerate(contract.ignore):
        if name in used:
            yield f"ignore.{number}", "is used by the contract", "remove it from `ignore`"


def _required(contract: Contract) -> Iterator[Breach]:
    """Check that every required canonical column has a source."""
    if contract.is_identity:
        return
    mapped = {mapping.to for mapping in contract.columns}
    for column in TABLES[contract.table].all_columns:
        if column.required and column.name not in mapped and column.name not in contract.constants:
            yield "columns", f"{contract.table} needs {column.name}", "map a column to it or give a constant"
        if column.kind is ColumnKind.MONEY and column.name in mapped and contract.currency is None:
            yield "currency", f"{column.name} is money without a currency", "declare `currency`"
        if column.kind is ColumnKind.EMPLOYEE and column.required and column.name not in mapped:
            yield "columns", f"{contract.table} needs {column.name}", "map a column to it"


def _constants(contract: Contract) -> Iterator[Breach]:
    """Check constants against canonical columns and their closed lists."""
    targets = targets_of(contract.table)
    for name, value in contract.constants.items():
        column = targets[name].column if name in targets else None
        where = f"constants.{name}"
        if name not in targets:
            yield where, f"{contract.table} has no such column", suggestion(name, list(targets))
        elif column is None or column.kind is not ColumnKind.VALUE:
            yield where, "cannot be the same for every row", "map a source column to it"
        elif column.allowed and value not in column.allowed:
            yield where, f"is not a value of {name}", "use " + ", ".join(column.allowed)


def _consent(contract: Contract) -> Iterator[Breach]:
    """Check that consent comes with people."""
    if contract.consent and contract.entity_kind is not EntityKind.PERSON:
        yield "consent", "only people consent (Art. 4(11))", "move it to a contract with `table: people`"


def _completeness(contract: Contract) -> Iterator[Breach]:
    """Check that a floor is set on something that is mapped."""
    mapped = [mapping.to for mapping in contract.columns]
    for name in contract.completeness:
        if name not in mapped:
            yield f"completeness.{name}", "is not mapped", suggestion(name, mapped)
