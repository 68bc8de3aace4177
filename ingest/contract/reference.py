"""The tables of docs/guides/contracts.md, written from the schema and the canonical tables; a test keeps them equal."""

from pathlib import Path
from typing import Any, Final

from ingest.canonical.catalogue import TABLES
from ingest.canonical.identity import ATTRIBUTES
from ingest.canonical.table import KeepDays, Retention, Table
from ingest.contract.schema import Schema, contract_schema
from ingest.contract.target import targets_of

BEGIN: Final = "<!-- begin: written by `python -m ingest.contract.reference` -->"
END: Final = "<!-- end -->"


def reference_tables() -> str:
    """Return the generated part of the page."""
    schema = contract_schema()["properties"]
    nested = {
        "format": schema["format"],
        "columns.*": schema["columns"]["additionalProperties"]["oneOf"][0],
        "consent.*": schema["consent"]["additionalProperties"],
        "basis": schema["basis"],
        "person, organisation": schema["person"],
    }
    parts = ["## Keys\n", _keys({"properties": schema, "required": contract_schema()["required"]})]
    for name, described in nested.items():
        parts += [f"### `{name}`\n", _keys(described)]
    parts += ["## Identity attributes (`people`, `organisations`)\n", _attributes(), "## Canonical tables\n"]
    parts += [_table(table) for table in TABLES.values()]
    return "\n".join(parts)


def _keys(described: Schema) -> str:
    """Describe the keys of one object."""
    lines = ["| key | values | meaning |", "| --- | --- | --- |"]
    for key, rules in described["properties"].items():
        needed = " (required)" if key in described["required"] else ""
        lines.append(f"| `{key}`{needed} | {_values(rules)} | {rules.get('description', '')} |")
    return "\n".join(lines) + "\n"


def _values(rules: dict[str, Any]) -> str:
    """Describe what a key may be."""
    if "enum" in rules:
        words = [f"`{word}`" if word else "(nothing)" for word in rules["enum"]]
        return ", ".join(words) if len(words) <= _WORDS_SHOWN else "see the tables below"
    if "oneOf" in rules:
        return " or ".join(dict.fromkeys(str(choice.get("type")) for choice in rules["oneOf"]))
    return str(rules.get("type", ""))


_WORDS_SHOWN: Final = 13


def _attributes() -> str:
    """Describe the identity attributes."""
    lines = ["| attribute | of | category | standardised as | meaning |", "| --- | --- | --- | --- | --- |"]
    for attribute in ATTRIBUTES:
        kinds = ", ".join(attribute.kinds)
        lines.append(
            f"| `{attribute.name}` | {kinds} | {attribute.category} | {attribute.standardiser} | {attribute.meaning} |"
        )
    return "\n".join(lines) + "\n"


def _table(table: Table) -> str:
    """Describe one canonical table."""
    erasure = "the row is deleted" if table.erasure == "delete_row" else "the row stays, its person is cleared"
    lines = [
        f"### `{table.name}`\n",
        f"{table.meaning}. Kept {_kept(table.retention)}; when a person is erased, {erasure}.\n",
        "| column | type | unit | category | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    targets = targets_of(table.name)
    for column in table.all_columns:
        kind = targets[column.name].type.value if column.name in targets else "written by the hub"
        if column.allowed:
            kind = " / ".join(column.allowed)
        needed = " (required)" if column.required else ""
        lines.append(f"| `{column.name}`{needed} | {kind} | {column.unit} | {column.category} | {column.meaning} |")
    return "\n".join(lines) + "\n"


def _kept(retention: Retention) -> str:
    """Say how long rows are kept."""
    if isinstance(retention, KeepDays):
        return f"{retention.days} days"
    return f"{retention.years} years after the end of the year ({retention.law})"


if __name__ == "__main__":
    page = Path("docs/guides/contracts.md")
    text = page.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{reference_tables()}\n{END}{after}", encoding="utf-8")
