"""Columns that several views share, each defined once: a view takes them by name and says why it needs each.

`take: {COLUMN: why}` brings a column of `hub/views/signals`, and what it is made of as inner columns. So a training
view and its scoring view, or two modules, cannot count the same thing in two ways.

`without: [TABLE]` leaves out what is read from tables that no source delivers or that the purpose may not read:
columns, and selections of the population and the label. Of `least`, `greatest` and `total` the other side is left, of a
stage the cases that can still be decided.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from hub.views.feature import STAGE, DerivedOp
from hub.views.section import Section
from privacy.plain_yaml import load_yaml

_UNNAMED: Final = "(unnamed)"
_OF_THOSE_THERE: Final = frozenset({DerivedOp.LEAST, DerivedOp.GREATEST, DerivedOp.TOTAL})
Content = dict[str, Any]


def with_signals(content: Mapping[str, object]) -> Content:
    """Write out `take` and `without` of a view's text; a text that has neither comes back as it is.

    Raises:
        SpecRefused: a column that is taken is not known (`unknown_signal`), or stands among the features as well.

    """
    if not takes_signals(content):
        return dict(content)
    view = content.get("name")
    top = Section(view if isinstance(view, str) else _UNNAMED, "", content)
    wanted, without = top.section("take"), frozenset(top.texts("without"))
    why = {name: wanted.text(name) for name in wanted.names}
    for name in why:
        if name not in signals():
            raise wanted.refused(name, "unknown_signal", "see the catalogue's guide for those there are")
    written = _Written(without)
    kept = {name: text for name, text in why.items() if written.has(name)}
    rest = {key: value for key, value in content.items() if key not in {"take", "without"}}
    own = {key: _mapping(top.take(key)) if top.has(key) else {} for key in ("features", "texts", "rationales")}
    features = written.made_of(kept)
    for name in features.keys() & own["features"].keys():
        raise top.refused(f"features.{name}", "duplicate_name", "take it, or write it yourself under another name")
    inner = {name: define if name in kept else {**define, "released": False} for name, define in features.items()}
    texts = {name: signals()[name].get("texts", {}) for name in kept}
    return {
        **_without(rest, without),
        "features": inner | own["features"],
        "texts": texts | own["texts"],
        "rationales": kept | own["rationales"],
    }


def takes_signals(content: Mapping[str, object]) -> bool:
    """Say whether a view's text has to be written out."""
    return not {"take", "without"}.isdisjoint(content)


@cache
def signals() -> Mapping[str, Content]:
    """Return every shared column: `define` as a view's text has it; `texts` and `signal` where it may be taken."""
    files = sorted(resources.files("hub.views.signals").iterdir(), key=lambda file: file.name)
    found: dict[str, Content] = {}
    for file in files:
        if file.name.endswith(".yaml"):
            found |= load_yaml(file.read_text(encoding="utf-8"))
    return found


class _Written:
    """The features that are taken, each after those that it is made of; None where its tables are left out."""

    def __init__(self, without: frozenset[str]) -> None:
        self._without = without
        self._found: dict[str, Content | None] = {}

    def made_of(self, names: Iterable[str]) -> dict[str, Content]:
        """Return some features and what they are made of, in order; what only lost cases needed is not read."""
        needed: set[str] = set()
        for name in reversed(self._found):  # parts stand before what is made of them
            if name in needed or name in set(names):
                needed |= {name, *_parts(self._found[name] or {})}
        return {name: define for name, define in self._found.items() if define is not None and name in needed}

    def has(self, name: str) -> bool:
        """Write a feature unless it is there; say whether anything of it is left."""
        if name not in self._found:
            define = self._left_of(signals()[name]["define"])
            self._found[name] = define  # after its parts, which asking for them has written
        return self._found[name] is not None

    def _left_of(self, define: Content) -> Content | None:
        if define["op"] == STAGE:
            cases = [case for case in define["cases"] if all(map(self.has, case["when"]))]
            return {**define, "cases": cases} if cases else None
        if define["op"] not in set(DerivedOp):
            return None if define["table"] in self._without else define
        there = [side for side in (define["left"], define["right"]) if self.has(side)]
        if len(there) == 1 and define["op"] in _OF_THOSE_THERE:
            return {**define, "op": DerivedOp.LEAST.value, "left": there[0], "right": there[0]}
        return define if len(there) == 2 else None  # noqa: PLR2004 - two sides


def _parts(define: Content) -> set[str]:
    """Name the features that one is made of."""
    sides = {define[side] for side in ("left", "right") if side in define}
    return sides | {name for case in define.get("cases", ()) for name in case["when"]}


def _without(content: Content, tables: frozenset[str]) -> Content:
    """Leave selections over some tables out of population and label; an outcome of nothing else goes with them."""
    population = _mapping(content.get("population", {}))
    left = {**content, "population": {key: _others(rows, tables) for key, rows in population.items()}}
    label = content.get("label")
    if tables and isinstance(label, dict):
        outcomes = [_outcome(each, tables) for each in _listed(label.get("any_of"))]
        left["label"] = {**label, "any_of": [each for each in outcomes if each]}
    return left


def _outcome(outcome: Content, tables: frozenset[str]) -> Content:
    """Leave tables out of an outcome: of nothing there is no event (that part holds), and none can be wanted."""
    left = {key: _others(rows, tables) for key, rows in outcome.items()}
    holds = all(rows for key, rows in left.items() if key.startswith("any_"))
    return {key: rows for key, rows in left.items() if rows} if holds else {}


def _others(rows: object, tables: frozenset[str]) -> list[object]:
    return [each for each in _listed(rows) if not (isinstance(each, dict) and each.get("table") in tables)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mapping(value: object) -> Content:
    return value if isinstance(value, dict) else {}
