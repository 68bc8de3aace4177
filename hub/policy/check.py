"""A policy pack against the tables that there are, and where in its file a refusal points.

`privacy` knows no canonical table; so what a rule names is looked up here, before a pack is put in force. Packs that
were applied earlier are not looked at again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import yaml

from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.identity import ATTRIBUTE_NAMES, PEOPLE
from ingest.canonical.table import Table
from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose
from privacy.retention import NOTHING, ContactEvent, RetentionRule, RetentionStart, cut_of
from privacy.terms import DataCategory

_A_DAY: Final = date(2000, 1, 31)
"""Any day will do to say which of two periods is longer."""


def verify_names(policy: Policy) -> None:
    """Refuse what names a table, column, value, category or purpose that there is not.

    Raises:
        PolicyInvalid: names the section, the rule and the remedy.

    """
    purposes: set[str] = {purpose.id for purpose in policy.purposes}
    laws = {law.purpose for law in policy.statutory_holds}
    for number, rule in enumerate(policy.retention):
        _verify_rule(f"retention[{number}]", rule, policy, purposes | laws)
    for number, law in enumerate(policy.statutory_holds):
        for name in sorted(law.tables):
            _table(f"statutory_holds[{number}].tables", name)
    for number, contact in enumerate(policy.contact_events):
        _verify_contact(f"contact_events[{number}]", contact)
    for purpose in policy.purposes:
        _verify_shown(f"purposes.{purpose.id}.reidentification.attributes", purpose)


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Add the line in the file to whatever is refused inside the block."""
    try:
        yield
    except PolicyInvalid as exc:
        line = line_of(path.read_text(encoding="utf-8"), exc.where) if path.is_file() else None
        if line is None:
            raise
        raise PolicyInvalid(f"{exc.where} (line {line})", exc.rule, exc.remedy) from None


def line_of(text: str, where: str) -> int | None:
    """Return the line (from 1) of a pack's text at which a refusal's place stands, or its nearest parent."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    line = None
    for step in _steps(where.removeprefix("policy.")):
        node = _below(node, step)
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def _verify_rule(where: str, rule: RetentionRule, policy: Policy, purposes: set[str]) -> None:
    if rule.table == PEOPLE:
        _verify_people(where, rule)
        return
    table = _table(f"{where}.table", rule.table)
    if rule.data_category not in {column.category for column in table.columns}:
        rule_text = f"no column of {rule.table} is of it"
        raise PolicyInvalid(f"{where}.data_category", rule_text, "see the contract guide")
    if rule.purpose is not None and rule.purpose not in purposes:
        raise PolicyInvalid(f"{where}.purpose", "no purpose of that name", "declare it, or leave it out")
    _verify_narrows(where, rule, policy.retention)


def _verify_people(where: str, rule: RetentionRule) -> None:
    """People's identity records have one rule, for the person as a whole."""
    if rule.data_category is not DataCategory.IDENTIFIER or rule.purpose is not None:
        raise PolicyInvalid(where, "people go as a whole", "set data_category: identifier, and no purpose")


def _verify_narrows(where: str, rule: RetentionRule, rules: tuple[RetentionRule, ...]) -> None:
    """Refuse a rule for a purpose that outlasts the rule for all: it would promise what nobody keeps."""
    if rule.purpose is None:
        return
    every = [each for each in rules if (each.table, each.data_category, each.purpose) == _for_all(rule)]
    for one in every:
        alike = one.starts == rule.starts and one.starts is not RetentionStart.ABSOLUTE
        if alike and cut_of(rule, on=_A_DAY) < cut_of(one, on=_A_DAY) != NOTHING:
            raise PolicyInvalid(where, f"outlasts the rule for all ({one.period})", "shorten it, or lengthen that one")


def _for_all(rule: RetentionRule) -> tuple[str, object, None]:
    return (rule.table, rule.data_category, None)


def _verify_contact(where: str, contact: ContactEvent) -> None:
    table = _table(f"{where}.table", contact.table)
    if contact.column is None:
        return
    column = next((each for each in table.columns if each.name == contact.column), None)
    if column is None:
        raise PolicyInvalid(f"{where}.column", f"{contact.table} has no such column", "see the contract guide")
    strange = sorted(contact.values - set(column.allowed)) if column.allowed else []
    if strange:
        raise PolicyInvalid(f"{where}.values", f"not of the column: {', '.join(strange)}", "see the contract guide")


def _verify_shown(where: str, purpose: Purpose) -> None:
    """Refuse an attribute that no source can deliver: a misspelt one would show nothing, and nobody would know why."""
    shown = frozenset[str]() if purpose.reidentification is None else purpose.reidentification.attributes
    strange = sorted(shown - set(ATTRIBUTE_NAMES))
    if strange:
        remedy = f"use some of {', '.join(sorted(ATTRIBUTE_NAMES))}"
        raise PolicyInvalid(where, f"no attribute of an identity: {', '.join(strange)}", remedy)


def _table(where: str, name: str) -> Table:
    if name not in LAKE_TABLES:
        raise PolicyInvalid(where, "no table of that name", f"use one of {', '.join(sorted(LAKE_TABLES))}")
    return LAKE_TABLES[name]


def _steps(where: str) -> Iterator[str | int]:
    """Part `retention[3].starts` into its steps."""
    for word in where.split("."):
        name, _, rest = word.partition("[")
        yield name
        if rest:
            yield int(rest.rstrip("]"))


def _below(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    """Return the value under a key, or the item of a number; the key's own line where the value is a block."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
