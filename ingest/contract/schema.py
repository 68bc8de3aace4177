"""The JSON Schema (draft 2020-12) of a source contract, built from the canonical tables.

`ingest/contract.schema.json` is this schema written to a file, so that editors can complete and check contracts; a
test keeps the two equal. Rules that a schema cannot say (is every column accounted for?) are in `rules`.
"""

from typing import Any, Final

from ingest.canonical.catalogue import TABLES
from ingest.canonical.identity import IDENTITY_TABLES
from ingest.contract.model import ColumnType, FormatKind
from ingest.contract.target import CONSENT_UNKNOWN, STANDARDISERS, every_target
from privacy.terms import ConsentAct, DataCategory, LegalBasis

SCHEMA_ID: Final = "urn:varde:source-contract:1"
NAME: Final = r"^[a-z][a-z0-9_]{0,62}$"

Schema = dict[str, Any]


def _string(description: str, **rules: object) -> Schema:
    """Describe a string."""
    return {"type": "string", "minLength": 1, "description": description, **rules}


def _object(description: str, properties: Schema, required: list[str]) -> Schema:
    """Describe an object that has these keys and no others."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _columns_list(description: str) -> Schema:
    """Describe a list of source columns."""
    return {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "uniqueItems": True,
        "description": description,
    }


def _strings(description: str) -> Schema:
    """Describe one string or a list of them."""
    return {
        "oneOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        ],
        "description": description,
    }


_DATES: Final = _strings(
    'strptime pattern or patterns, tried in order; "iso" is ISO 8601; "epoch_s", "epoch_ms", "epoch_us" are numbers'
)


def _format() -> Schema:
    """Describe `format`."""
    return _object(
        "how to read the bytes; gz and zip around a file are recognised by their first bytes",
        {
            "kind": {"enum": [kind.value for kind in FormatKind], "description": "file format"},
            "delimiter": _string("one character between fields; sniffed where left out", maxLength=1),
            "encoding": _string("text encoding such as utf-8, cp1252, utf-16; sniffed where left out"),
            "decimal": {"enum": [".", ","], "default": ".", "description": "decimal sign of numbers"},
            "thousands": {
                "enum": ["", " ", ".", ",", "'"],
                "default": "",
                "description": "sign between groups of three digits; a blank stands for any kind of space",
            },
            "dates": _DATES,
            "timezone": _string("IANA zone of instants that name none", default="UTC"),
            "sheet": _string("sheet of a workbook; the first where left out"),
        },
        ["kind"],
    )


def _column() -> Schema:
    """Describe one entry of `columns`."""
    return _object(
        "one source column",
        {
            "to": {
                "enum": every_target(),
                "description": "canonical column of `table`, or identity attribute",
            },
            "type": {
                "enum": [kind.value for kind in ColumnType],
                "description": "how the text becomes a value; follows from `to` where left out",
            },
            "category": {
                "enum": [category.value for category in DataCategory],
                "description": "data category; must agree with the canonical column",
            },
            "standardise": {"enum": list(STANDARDISERS), "description": "standardiser of an identity attribute"},
            "values": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "minProperties": 1,
                "description": "source value -> canonical value; a value that is not listed is quarantined",
            },
            "dates": _DATES,
            "negative": {
                "enum": ["refused", "allowed"],
                "default": "refused",
                "description": "whether numbers below the canonical minimum are accepted",
            },
            "times": _string(
                "money only: source column of whole numbers; the amount is this column (price) times that one (pieces)"
            ),
            "followed_by": _string(
                "identity attributes only: source column whose text follows (a house number its street), after a space"
            ),
        },
        ["to"],
    )


def _consent() -> Schema:
    """Describe one entry of `consent`."""
    acts = [act.value for act in ConsentAct] + [CONSENT_UNKNOWN]
    return _object(
        "one column that says what people chose",
        {
            "purposes": _columns_list('purposes the column speaks about; "*" for all') | {"minItems": 1},
            "values": {
                "type": "object",
                "additionalProperties": {"enum": acts},
                "minProperties": 1,
                "description": "source value -> consent act; a value that is not listed is quarantined",
            },
            "at": _string("source column with the instant of the act"),
            "notice": _string("version of the notice people saw"),
        },
        ["purposes", "values", "notice"],
    )


def _reference(whose: str) -> Schema:
    """Describe `person` or `organisation`."""
    return _object(
        f"whose record a row belongs to: {whose}",
        {
            "column": _string("source column that holds the key"),
            "source": _string("source whose key it is; this contract's source where left out", pattern=NAME),
        },
        ["column"],
    )


def _currency() -> Schema:
    """Describe `currency`."""
    iso = {"type": "string", "pattern": "^[A-Z]{3}$"}
    return {
        "description": "ISO 4217: one for the file, or a column and the currencies allowed in it",
        "oneOf": [
            iso,
            _object(
                "currency by row",
                {
                    "column": _string("source column"),
                    "allowed": {"type": "array", "items": iso, "minItems": 1},
                },
                ["column", "allowed"],
            ),
        ],
    }


def _basis() -> Schema:
    """Describe `basis`."""
    return _object(
        "legal basis declared at collection (Art. 6(1)) and the notice people were given (Art. 13, 14)",
        {
            "purposes": {
                "type": "object",
                "additionalProperties": {"enum": [basis.value for basis in LegalBasis]},
                "minProperties": 1,
                "description": "purpose -> legal basis",
            },
            "notice": _string("version of the notice"),
            "notice_given": {"type": "boolean", "description": "whether the people were given it"},
        },
        ["purposes", "notice", "notice_given"],
    )


def _top() -> Schema:
    """Describe the keys at the top."""
    tables = [*IDENTITY_TABLES, *TABLES]
    return {
        "contract": _string("name of the contract, unique in a home", pattern=NAME),
        "version": {"type": "integer", "minimum": 1, "description": "counted up with every change"},
        "source": _string("the system whose keys the file uses", pattern=NAME),
        "owner": _string("role or team told on a breach; never a personal address"),
        "table": {"enum": tables, "description": "canonical event table, or people / organisations"},
        "format": _format(),
        "country": _string("default country, ISO 3166-1 alpha-2", pattern="^[A-Z]{2}$"),
        "currency": _currency(),
        "basis": _basis(),
        "key": _columns_list("columns that name an event once; for people and organisations the one source key"),
        "person": _reference("a person's"),
        "organisation": _reference("an organisation's"),
        "columns": {
            "type": "object",
            "additionalProperties": {
                "oneOf": [_column(), {"type": "array", "items": _column(), "minItems": 1}],
            },
            "description": "source column -> canonical column, or a list where one column fills several",
        },
        "constants": {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "integer", "boolean"]},
            "description": "canonical column -> value for every row",
        },
        "ignore": _columns_list("source columns that are left out on purpose"),
        "consent": {
            "type": "object",
            "additionalProperties": _consent(),
            "description": "source column -> consent acts (people only)",
        },
        "freshness_hours": {"type": "integer", "minimum": 1, "description": "hours between deliveries"},
        "completeness": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
            "description": "mapped canonical column or attribute -> least share of rows that fill it",
        },
    }


def contract_schema() -> Schema:
    """Return the JSON Schema of a source contract."""
    required = ["contract", "version", "source", "owner", "table", "format"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Varde source contract",
        **_object("what was agreed about one delivery of one system", _top(), required),
    }
