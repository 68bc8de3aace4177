"""What is compared, and how candidates are found: a document, read and checked.

Words are those of the literature: a *comparison* puts a pair at one of its *levels* (Fellegi and Sunter 1969, A Theory
for Record Linkage); m and u are the shares of pairs at a level among records of one person and of two. Level 0 is
"otherwise", -1 "absent", the highest number the closest agreement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ingest.errors import SpecInvalid
from privacy.plain_yaml import load_yaml

Shares = npt.NDArray[np.float64]
"""Shares of pairs by level, from "otherwise" upwards; they add up to one."""

_SUM_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement: an SQL condition, in words, and the column whose rarity counts (None: none)."""

    says: str
    when: str
    frequency: str | None


@dataclass(frozen=True)
class Comparison:
    """Levels from the closest agreement down, and the shares that training starts from."""

    name: str
    absent: str
    levels: tuple[Level, ...]
    m: Shares
    u: Shares

    @property
    def size(self) -> int:
        """Number of levels with "otherwise", without "absent"."""
        return len(self.levels) + 1

    @cached_property
    def words(self) -> dict[int, str]:
        """What each level says, by number."""
        named = {self.size - 1 - place: level.says for place, level in enumerate(self.levels)}
        return {-1: "absent", 0: "different"} | named


@dataclass(frozen=True, slots=True)
class Confounder:
    """Other people who look like one: which comparisons agree among them, and how."""

    name: str
    shares: Mapping[str, str]
    by_frequency: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Columns that must be equal for one person, and comparisons whose lowest level contradicts."""

    name: str
    equal: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """How records of one kind are compared."""

    kind: str
    version: int
    comparisons: tuple[Comparison, ...]
    candidates: tuple[tuple[str, ...], ...]
    confounders: tuple[Confounder, ...]
    rules: tuple[Rule, ...]
    crowds: frozenset[str] = frozenset()
    """Columns of which only values that too many share for a key count as common; of the others none is rare."""

    @property
    def names(self) -> list[str]:
        """Names of the comparisons, in order."""
        return [comparison.name for comparison in self.comparisons]


def read_spec(kind: str) -> Spec:
    """Read a shipped spec: `person` or `organisation`.

    Raises:
        SpecInvalid: it says something that cannot be.

    """
    text = files("ingest.match").joinpath(f"{kind}.yaml").read_text(encoding="utf-8")
    return spec_of(load_yaml(text))


def spec_of(document: Mapping[str, Any]) -> Spec:
    """Check a document and return what it says.

    Raises:
        SpecInvalid: shares that do not add up, or a name that nothing has.

    """
    comparisons = tuple(map(_comparison, document["comparisons"]))
    names = {comparison.name for comparison in comparisons}
    confounders = tuple(
        Confounder(each["name"], dict(each["shares"]), each["by_frequency"]) for each in document.get("confounders", ())
    )
    rules = tuple(Rule(each["name"], tuple(each["equal"]), tuple(each["unless"])) for each in document.get("rules", ()))
    for told in [*(list(each.shares) for each in confounders), *(list(each.unless) for each in rules)]:
        if not names.issuperset(told):
            raise SpecInvalid("confounders or rules", "a comparison is named that the spec does not have")
    candidates = tuple(tuple(columns) for columns in document["candidates"])
    crowds = frozenset(document.get("crowds", ()))
    if not crowds <= {level.frequency for each in comparisons for level in each.levels}:
        raise SpecInvalid("crowds", "a column is named whose rarity counts in no comparison")
    return Spec(document["kind"], int(document["version"]), comparisons, candidates, confounders, rules, crowds)


def _comparison(document: Mapping[str, Any]) -> Comparison:
    levels = document["levels"]
    bottom = document["otherwise"]
    return Comparison(
        name=document["name"],
        absent=document["absent"],
        levels=tuple(Level(each["says"], each["when"], each.get("frequency")) for each in levels),
        m=_shares(document["name"], [bottom["m"], *(each["m"] for each in reversed(levels))]),
        u=_shares(document["name"], [bottom["u"], *(each["u"] for each in reversed(levels))]),
    )


def _shares(name: str, shares: Sequence[float]) -> Shares:
    values = np.array(shares, dtype=np.float64)
    if (values <= 0).any() or abs(values.sum() - 1) > _SUM_TOLERANCE:
        raise SpecInvalid(f"comparison {name}", "shares of levels must be positive and add up to one")
    return values
