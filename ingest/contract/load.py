"""From a YAML file to a checked contract."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from ingest.contract.document import document_of
from ingest.contract.model import (
    Basis,
    ColumnMapping,
    ColumnType,
    ConsentColumn,
    Contract,
    Currency,
    Format,
    FormatKind,
    Reference,
)
from ingest.contract.rules import suggestion, verify_contract
from ingest.contract.schema import contract_schema
from ingest.contract.target import CONSENT_UNKNOWN, TEXT_TARGET, Target, targets_of
from ingest.errors import ContractInvalid
from privacy.terms import ConsentAct, DataCategory, LegalBasis, PurposeId

_VALIDATOR: Final = Draft202012Validator(contract_schema())
_NAME: Final = re.compile(contract_schema()["properties"]["contract"]["pattern"])


def load_contract(path: Path) -> Contract:
    """Read and check one contract file.

    Raises:
        ContractInvalid: the file is missing, not YAML, or breaks a rule; it names the key, the rule and the remedy.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ContractInvalid("", "", f"cannot be read ({type(exc).__name__})", "check path and permissions") from None
    except UnicodeDecodeError:
        raise ContractInvalid("", "", "is not UTF-8", "save the contract as UTF-8") from None
    return contract_of_yaml(text)


def contract_of_yaml(text: str) -> Contract:
    """Check a contract that is given as YAML text.

    Raises:
        ContractInvalid: not YAML, or a rule is broken.

    """
    try:
        document = document_of(text)
    except yaml.YAMLError as exc:
        where = getattr(exc, "problem_mark", None)
        line = f"line {where.line + 1}" if where is not None else str(exc)
        raise ContractInvalid("", line, "is not valid YAML or has a key twice", "mend the line") from None
    if not isinstance(document, dict):
        raise ContractInvalid("", "", "is not a mapping of keys", "begin with `contract: name`")
    return contract_of(document)


def contract_of(document: Mapping[str, Any]) -> Contract:
    """Check a contract that is given as plain values.

    Raises:
        ContractInvalid: a rule of the schema or of the whole is broken.

    """
    named = document.get("contract")
    name = named if isinstance(named, str) and _NAME.fullmatch(named) else ""
    fault = best_match(_VALIDATOR.iter_errors(document))
    if fault is not None:
        raise _schema_fault(name, fault)
    contract = _built(document)
    verify_contract(contract)
    return contract


def _schema_fault(name: str, fault: ValidationError) -> ContractInvalid:
    """Say a schema fault in our words: the key path, the rule, the remedy."""
    where = ".".join(str(step) for step in fault.absolute_path)
    schema: Any = fault.schema
    given: Any = fault.instance
    value: Any = fault.validator_value
    match fault.validator:
        case "additionalProperties":
            known = list(schema["properties"])
            extra = sorted(set(given) - set(known))
            return ContractInvalid(name, where, f"has no key {extra[0]!r}", suggestion(extra[0], known))
        case "required":
            missing = [key for key in value if key not in given]
            return ContractInvalid(name, where, f"lacks {missing[0]!r}", f"add `{missing[0]}:`")
        case "enum":
            known = [str(value) for value in value]
            return ContractInvalid(name, where, "is not a known word", suggestion(str(given), known))
        case "type":
            return ContractInvalid(name, where, f"must be a {value}", "quote words, not numbers")
        case _:
            described = schema.get("description", "see the contract reference")
            return ContractInvalid(name, where, f"breaks {fault.validator}", str(described))


def _built(document: Mapping[str, Any]) -> Contract:
    """Build the frozen contract from a document that the schema accepts."""
    source = document["source"]
    targets = targets_of(document["table"])
    return Contract(
        name=document["contract"],
        version=document["version"],
        source=source,
        owner=document["owner"],
        table=document["table"],
        format=_format(document["format"]),
        country=document.get("country"),
        currency=_currency(document.get("currency")),
        basis=_basis(document.get("basis")),
        key=tuple(document.get("key", ())),
        person=_reference(document.get("person"), source),
        organisation=_reference(document.get("organisation"), source),
        columns=tuple(
            _mapping(document, column, entry, targets=targets)
            for column, entries in document.get("columns", {}).items()
            for entry in (entries if isinstance(entries, list) else [entries])
        ),
        constants=dict(document.get("constants", {})),
        ignore=tuple(document.get("ignore", ())),
        consent=tuple(_consent(column, entry) for column, entry in document.get("consent", {}).items()),
        freshness_hours=document.get("freshness_hours"),
        completeness=dict(document.get("completeness", {})),
        content_hash=content_hash(document),
    )


def content_hash(document: Mapping[str, Any]) -> str:
    """Return SHA-256 (hex) of the contract's content: comments and layout do not count, order of columns does."""
    canonical = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _listed(value: str | list[str] | None) -> tuple[str, ...]:
    """Return one string or a list of strings as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _format(entry: Mapping[str, Any]) -> Format:
    """Build `format`; a TSV's delimiter is a tab."""
    kind = FormatKind(entry["kind"])
    return Format(
        kind=kind,
        delimiter="\t" if kind is FormatKind.TSV else entry.get("delimiter"),
        encoding=entry.get("encoding"),
        decimal=entry.get("decimal", "."),
        thousands=entry.get("thousands", ""),
        dates=_listed(entry.get("dates")) or ("iso",),
        timezone=entry.get("timezone", "UTC"),
        sheet=entry.get("sheet"),
    )


def _currency(entry: str | Mapping[str, Any] | None) -> Currency | None:
    """Build `currency`."""
    if entry is None:
        return None
    if isinstance(entry, str):
        return Currency(allowed=(entry,))
    return Currency(allowed=tuple(entry["allowed"]), column=entry["column"])


def _basis(entry: Mapping[str, Any] | None) -> Basis | None:
    """Build `basis`."""
    if entry is None:
        return None
    purposes = {PurposeId(purpose): LegalBasis(basis) for purpose, basis in entry["purposes"].items()}
    return Basis(purposes=purposes, notice=entry["notice"], notice_given=entry["notice_given"])


def _reference(entry: Mapping[str, Any] | None, source: str) -> Reference | None:
    """Build `person` or `organisation`; the keys are this source's own unless another is named."""
    return None if entry is None else Reference(column=entry["column"], source=entry.get("source", source))


def _mapping(
    document: Mapping[str, Any], column: str, entry: Mapping[str, Any], *, targets: dict[str, Target]
) -> ColumnMapping:
    """Build one mapping; what is left out follows from the canonical column."""
    to = "text_redacted" if entry["to"] == TEXT_TARGET else entry["to"]
    if to not in targets:
        where = f"columns.{column}.to"
        rule = f"{document['table']} has no such column"
        raise ContractInvalid(document["contract"], where, rule, suggestion(to, list(targets)))
    target = targets[to]
    return ColumnMapping(
        column=column,
        to=to,
        type=ColumnType(entry["type"]) if "type" in entry else target.type,
        category=DataCategory(entry["category"]) if "category" in entry else target.category,
        standardiser=entry.get("standardise", target.standardiser),
        values=entry.get("values"),
        dates=_listed(entry.get("dates")),
        negative=entry.get("negative") == "allowed",
        times=entry.get("times"),
        followed_by=entry.get("followed_by"),
    )


def _consent(column: str, entry: Mapping[str, Any]) -> ConsentColumn:
    """Build one entry of `consent`."""
    values = {value: None if act == CONSENT_UNKNOWN else ConsentAct(act) for value, act in entry["values"].items()}
    return ConsentColumn(
        column=column,
        purposes=tuple(PurposeId(purpose) for purpose in entry["purposes"]),
        values=values,
        at=entry.get("at"),
        notice=entry["notice"],
    )
