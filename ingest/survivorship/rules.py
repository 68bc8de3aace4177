"""Survivorship rules: a document, read and checked. Which value of several stands, attribute by attribute.

Words are those of master data management (DAMA-DMBOK2, chapter 10): a *survivorship rule* chooses the value that goes
into the *golden record*, by criteria asked in order.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final, NoReturn

import yaml

from ingest.canonical.identity import attributes_of
from ingest.errors import RulesInvalid
from privacy.plain_yaml import load_yaml
from privacy.terms import EntityKind

MOST_SOURCES: Final = 1_000
_TOP: Final = frozenset({"version", "sources", *(kind.value for kind in EntityKind)})
_RULE: Final = frozenset({"attributes", "by", "sources", "missing"})


class Criterion(StrEnum):
    """What one record can have before another."""

    SOURCE = "source"
    RECENCY = "recency"
    COMPLETENESS = "completeness"
    AGREEMENT = "agreement"


class Missing(StrEnum):
    """What becomes of an attribute that the chosen record lacks."""

    LEAVE = "leave"
    FILL = "fill"  # from the next best record that contradicts nothing of the chosen one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Attributes that are taken from one record, and by which criteria, asked in order; `sources` best first."""

    name: str
    attributes: tuple[str, ...]
    by: tuple[Criterion, ...]
    sources: tuple[str, ...]
    missing: Missing


@dataclass(frozen=True, slots=True)
class Rules:
    """A version of the rules: each attribute of a kind stands in exactly one of them."""

    version: int
    of_kind: Mapping[EntityKind, tuple[Rule, ...]]

    @property
    def sources(self) -> frozenset[str]:
        """Every source that a rule ranks."""
        return frozenset(name for rules in self.of_kind.values() for rule in rules for name in rule.sources)


@cache
def shipped() -> Rules:
    """Return the rules that hold where nobody wrote others: no source is better than another."""
    return parsed(shipped_text())


def shipped_text() -> str:
    """Return the shipped rules as they are written, to write one's own from."""
    return files("ingest.survivorship").joinpath("default.yaml").read_text(encoding="utf-8")


def parsed(text: str) -> Rules:
    """Read rules from YAML.

    Raises:
        RulesInvalid: it is no YAML, or says something that cannot be; names place, rule and remedy.

    """
    return rules_of(document_of(text))


def document_of(text: str) -> Mapping[str, Any]:
    """Read YAML as a mapping, without looking at what it says.

    Raises:
        RulesInvalid: it is no YAML, or no mapping.

    """
    try:
        found = load_yaml(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark is not None else "the file"
        raise RulesInvalid(line, "is not YAML", "mend the indentation or quotes there") from None
    if not isinstance(found, dict):
        _refuse("(top)", "must be a mapping", "start with version: and sources:")
    return found


def written(document: Mapping[str, Any]) -> str:
    """Write a checked document as it is kept and compared: JSON, its rules in their order."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def rules_of(document: Mapping[str, Any]) -> Rules:
    """Check a document field by field and return what it says.

    Raises:
        RulesInvalid: names place, rule and remedy.

    """
    _only("(top)", document, _TOP)
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        _refuse("version", "must be a whole number of 1 or more", "write it in digits")
    ranked = _words("sources", document.get("sources", []))
    return Rules(version, {kind: _of_kind(kind, document.get(kind.value), ranked) for kind in EntityKind})


def _of_kind(kind: EntityKind, section: object, ranked: tuple[str, ...]) -> tuple[Rule, ...]:
    fields = _mapping(kind.value, section)
    rules = tuple(
        _rule(f"{kind.value}.{name}", name, _mapping(f"{kind.value}.{name}", fields[name]), ranked) for name in fields
    )  # fmt: skip - one line each
    known = attributes_of(kind)
    told = [attribute for rule in rules for attribute in rule.attributes]
    for name in told:
        if name not in known:
            _refuse(kind.value, "names an attribute that there is not", f"known are {', '.join(sorted(known))}")
        if told.count(name) > 1:
            _refuse(kind.value, f"has {name} in two rules", "leave it in one")
    absent = sorted(known.keys() - set(told))
    if absent:
        _refuse(kind.value, f"has no rule for {', '.join(absent)}", "each attribute stands in one rule")
    return rules


def _rule(where: str, name: str, fields: Mapping[str, Any], ranked: tuple[str, ...]) -> Rule:
    _only(where, fields, _RULE)
    attributes = _words(f"{where}.attributes", fields.get("attributes", []))
    words = _words(f"{where}.by", fields.get("by", []))
    unknown = [word for word in words if word not in set(Criterion)]
    if unknown or not words or not attributes:
        known = ", ".join(Criterion)
        _refuse(where, "needs attributes, and criteria that there are", f"list them under by:, of {known}")
    missing = fields.get("missing", Missing.LEAVE.value)
    if missing not in set(Missing):
        _refuse(f"{where}.missing", "must be leave or fill", "write one of the two")
    own = _words(f"{where}.sources", fields["sources"]) if "sources" in fields else ranked
    by = tuple(map(Criterion, words))
    return Rule(name=name, attributes=attributes, by=by, sources=own, missing=Missing(missing))


def _words(where: str, value: object) -> tuple[str, ...]:
    """Read a list of different words, in order."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_SOURCES:
        _refuse(where, f"must be a list of at most {MOST_SOURCES}", "write it as [a, b]")
    if not all(isinstance(word, str) and word.strip() for word in value):
        _refuse(where, "must hold words", "write each in quotes")
    if len(set(value)) < len(value):
        _refuse(where, "says a word twice", "leave it where it stands first")
    return tuple(value)


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value or not all(isinstance(key, str) for key in value):
        _refuse(where, "must be a mapping that is not empty", "indent its rules below it")
    return value


def _only(where: str, fields: Mapping[str, Any], known: frozenset[str]) -> None:
    if not known.issuperset(fields):
        _refuse(where, "has a field that is not known", f"known are {', '.join(sorted(known))}")


def _refuse(where: str, rule: str, remedy: str) -> NoReturn:
    raise RulesInvalid(where, rule, remedy)
