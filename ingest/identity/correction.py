"""What a correction makes of what a source says (GDPR Art. 16): it displaces the values that were wrong, no others.

A source goes on to deliver the wrong value until somebody mends it there: each time the right one takes its place. A
value that the source had never said before is news, as after a removal, and stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

VALUE: Final = "value"
DISPLACES: Final = "displaces"


@dataclass(frozen=True, slots=True)
class Corrected:
    """One corrected attribute: what it is, and the forms of what was wrong (None: the source said nothing)."""

    value: str | None
    displaces: frozenset[str | None]

    def displaces_value(self, told: object) -> bool:
        """Say whether a told value is one of the wrong ones, letter case and spaces aside."""
        return form_of(told) in self.displaces


Correction = Mapping[str, Corrected]
"""Corrected attributes by name."""


def form_of(told: object) -> str | None:
    """Return the form in which values are held to be the same: letter case and runs of spaces do not matter."""
    return None if told is None else " ".join(str(told).split()).casefold()


def corrected(told: Mapping[str, Any], corrections: Iterable[Correction]) -> dict[str, Any]:
    """Return attributes as they are right; corrections are those of one record, oldest first."""
    found = dict(told)
    for correction in corrections:
        for name, each in correction.items():
            if each.displaces_value(found.get(name)):
                found[name] = each.value
    return {name: value for name, value in found.items() if value is not None}


def written(correction: Correction) -> dict[str, Any]:
    """Write a correction as JSON can hold it."""
    return {
        name: {VALUE: each.value, DISPLACES: sorted(each.displaces, key=lambda form: (form is not None, form or ""))}
        for name, each in correction.items()
    }


def read(document: Mapping[str, Any]) -> dict[str, Corrected]:
    """Read a correction back."""
    return {name: Corrected(each[VALUE], frozenset(each[DISPLACES])) for name, each in document.items()}
