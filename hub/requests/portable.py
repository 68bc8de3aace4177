"""What a person takes along to another controller (GDPR Art. 20): JSON and CSV with their schema, in a zip archive.

Only what the person provided, or what was observed of them, and only where its use rests on consent or contract
(Art. 20(1); WP 242 rev.01): no score, nothing that the hub derived, nothing technical, nothing of anybody else.
"""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from hub.compose import Hub
from hub.requests.dossier import Dossier, identity_of, plain_of, texts_of
from hub.requests.lake_rows import LakeRows
from hub.requests.words import word
from privacy.purposes import Policy
from privacy.store.consent import grounds
from privacy.terms import ConsentAct, DataCategory, LegalBasis

FORMAT: Final = "varde.portable.v1"
DERIVED: Final = frozenset({"scores", "score_acts", "suggestions", "winback_acts"})
PORTABLE_BASES: Final = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT})
_YES: Final = frozenset({ConsentAct.GIVEN.value, ConsentAct.RENEWED.value})
_ACTS: Final = "consent_event"
_NAMES: Final = "source_record"
_REDACTED: Final = "text_redacted"
_TEXT: Final = "text"
_FROM_US: Final = "out"
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?!\d)")
Texts = Mapping[tuple[str, int], str]
"""Texts that are kept whole, by table and event."""
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the archive's own date says nothing, so that equal data give equal bytes


def portable_of(hub: Hub, dossier: Dossier) -> bytes:
    """Write the archive: `data.json`, `schema.json` (JSON Schema), a CSV a table; `left_out` says what is missing."""
    policy = hub.policy()
    with hub.reading() as session:
        sources = {each.source for each in grounds(session) if each.legal_basis in PORTABLE_BASES}
    sources |= agreed_sources(policy, dossier)
    tables, texts = portable_tables(policy), texts_of(dossier)
    own = [each for each in dossier.lake if each.table.name in tables and not each.as_colleague]
    rows = {each.table.name: _portable_rows(each, texts) for each in own}
    columns = {each.table.name: _columns(each) for each in own}
    people = [
        {"source": each["source"], **each["attributes"]} for each in identity_of(dossier) if each["source"] in sources
    ]
    missing = left_out(policy, dossier, sources)
    document = {"format": FORMAT, "made_at": dossier.at, "identity": people, "tables": rows, "left_out": missing}
    files = {"data.json": _json(document), "schema.json": _json(_schema(columns))}
    named = {"identity": people, **rows, "left_out": missing}
    files |= {f"{name}.csv": _csv(found) for name, found in named.items() if found}
    return _archive(files)


def agreed_sources(policy: Policy, dossier: Dossier) -> set[str]:
    """Return the sources whose record of the person has a yes to a purpose on consent: what they hold was given on it.

    A yes that was taken back since counts: what came under it was provided on consent all the same.
    """
    asked = {each.id for each in policy.purposes if each.legal_basis is LegalBasis.CONSENT}
    said = [row for each in dossier.held if each.table == _ACTS for row in each.rows]
    agreed = {row["record_id"] for row in said if row["purpose"] in asked and row["act"] in _YES}
    names = [row for each in dossier.held if each.table == _NAMES for row in each.rows]
    return {row["source"] for row in names if row["record_id"] in agreed}


def left_out(policy: Policy, dossier: Dossier, sources: Collection[str]) -> list[dict[str, Any]]:
    """Say what is held and not handed over (`what`: source, table or column; `rows`), and why, in their language."""
    kept = Counter(each["source"] for each in identity_of(dossier) if each["source"] not in sources)
    missing = [(f"identity: {source}", number, "ground") for source, number in sorted(kept.items())]
    tables, texts = portable_tables(policy), texts_of(dossier)
    for each in dossier.lake:
        name = each.table.name
        if each.as_colleague:
            missing.append((name, each.frame.height, "colleague"))
        elif name not in tables:
            missing.append((name, each.frame.height, "derived" if name in DERIVED else "ground"))
        elif gone := _lost_words(each, texts):
            missing.append((f"{name}: {_TEXT}", gone, "words"))
    return [{"what": what, "rows": n, "why": word("left_out", why, dossier.language)} for what, n, why in missing]


def _lost_words(found: LakeRows, texts: Texts) -> int:
    """Count the rows that were written with a text by the person which is kept no more."""
    rows = [(number, row) for number, row in found.numbered_rows() if row.get("direction") != _FROM_US]
    wrote = [number for number, row in rows if row.get(_REDACTED) is not None or row.get("withheld")]
    return sum((found.table.name, number) not in texts for number in wrote)


def portable_tables(policy: Policy) -> frozenset[str]:
    """Return the tables that a purpose on consent or contract reads, without what the hub derived."""
    read = {table for each in policy.purposes if each.legal_basis in PORTABLE_BASES for table in each.tables}
    return frozenset(read - DERIVED)


def _columns(found: LakeRows) -> dict[str, str]:
    named = {each.name: each.meaning for each in found.columns if each.category is not DataCategory.NONE}
    return named | ({_TEXT: "the person's own words, while they are kept"} if _REDACTED in named else {})


def _portable_rows(found: LakeRows, texts: Texts) -> list[dict[str, Any]]:
    """Keep the columns that tell of the person, and their own words while kept: redacted they are not theirs."""
    names, told = _columns(found), []
    for number, row in found.numbered_rows():
        kept = {name: row[name] for name in names if name in row}
        text = None if number is None else texts.get((found.table.name, number))
        told.append(kept | ({_TEXT: text} if text is not None and row.get("direction") != _FROM_US else {}))
    return told


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
        "required": ["format", "made_at", "identity", "tables", "left_out"],
        "properties": {
            "format": {"const": FORMAT},
            "made_at": {"type": "string", "format": "date-time"},
            "identity": {"type": "array", "items": {**row, "required": ["source"]}},
            "tables": {"type": "object", "properties": described},
            "left_out": {"type": "array", "items": {**row, "required": ["what", "rows", "why"]}},
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
