"""What a person takes along to another controller (GDPR Art. 20): JSON and CSV with their schema, in a zip archive.

Only what the person provided, or what was observed of them, and only where its use rests on consent or contract
(Art. 20(1); WP 242 rev.01): no score, nothing that the hub derived, nothing technical, nothing of anybody else.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.compose import Hub
from hub.requests.dossier import Dossier, identity_of, plain_of
from hub.requests.lake_rows import LakeRows
from privacy.purposes import Policy
from privacy.store.consent import grounds
from privacy.terms import DataCategory, LegalBasis

FORMAT: Final = "varde.portable.v1"
DERIVED: Final = frozenset({"scores"})
PORTABLE_BASES: Final = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT})
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?!\d)")
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the archive's own date says nothing, so that equal data give equal bytes


def portable_of(hub: Hub, dossier: Dossier) -> bytes:
    """Write the archive: `data.json`, `schema.json` (JSON Schema) and a CSV a table."""
    with hub.reading() as session:
        sources = {each.source for each in grounds(session) if each.legal_basis in PORTABLE_BASES}
    tables = portable_tables(hub.policy())
    rows = {each.table.name: _portable_rows(each) for each in dossier.lake if each.table.name in tables}
    columns = {each.table.name: _columns(each) for each in dossier.lake if each.table.name in tables}
    people = [
        {"source": each["source"], **each["attributes"]} for each in identity_of(dossier) if each["source"] in sources
    ]
    document = {"format": FORMAT, "made_at": dossier.at, "identity": people, "tables": rows}
    files = {"data.json": _json(document), "schema.json": _json(_schema(columns))}
    files |= {f"{name}.csv": _csv(found) for name, found in {"identity": people, **rows}.items() if found}
    return _archive(files)


def portable_tables(policy: Policy) -> frozenset[str]:
    """Return the tables that a purpose on consent or contract reads, without what the hub derived."""
    read = {table for each in policy.purposes if each.legal_basis in PORTABLE_BASES for table in each.tables}
    return frozenset(read - DERIVED)


def _columns(found: LakeRows) -> dict[str, str]:
    return {each.name: each.meaning for each in found.columns if each.category is not DataCategory.NONE}


def _portable_rows(found: LakeRows) -> list[dict[str, Any]]:
    """Keep the columns that tell of the person; rows that the person handled for others are about those."""
    if found.as_colleague:
        return []
    names = _columns(found)
    return [{name: row[name] for name in names} for row in found.rows()]


def _schema(tables: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Describe `data.json` as JSON Schema, each column with its meaning."""
    row = {"type": "object", "additionalProperties": True}
    described = {
        name: {
            "type": "array",
            "items": {**row, "properties": {column: {"description": meaning} for column, meaning in columns.items()}},
        }
        for name, columns in tables.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["format", "made_at", "identity", "tables"],
        "properties": {
            "format": {"const": FORMAT},
            "made_at": {"type": "string", "format": "date-time"},
            "identity": {"type": "array", "items": {**row, "required": ["source"]}},
            "tables": {"type": "object", "properties": described},
        },
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(plain_of(document), ensure_ascii=False, indent=1).encode()


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows as RFC 4180 says; a text that a spreadsheet would take for a formula is told apart by a quote."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_plain_text(plain_of(row.get(name))) for name in names] for row in rows)
    return text.getvalue().encode()


def _plain_text(value: Any) -> Any:  # noqa: ANN401 - any value that JSON holds
    """Mark a text that a spreadsheet would run; a number with its sign, as of a telephone, is none."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _archive(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return held.getvalue()
