"""What a company says of value: months, discount, a margin for all and for groups of customers; settings read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from predict.errors import RuleRefused

LONGEST: Final = 120
"""Months that a value may count: of ten years ahead nothing is known today."""
FIELDS: Final = ("margin", "months", "yearly_discount", "by", "margins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """The share of what is paid that is contribution, of all and of levels of one column (`by`), and how value counts.

    Left out, it is twelve months, 10 % a year, and what is paid counts whole: revenue, until the controller says a
    margin.
    """

    margin: float = 1.0
    months: int = 12
    yearly_discount: float = 0.1
    by: str = ""
    levels: Mapping[str, float] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `margins_of` reads them back."""
        said = {name: getattr(self, name) for name in ("margin", "months", "yearly_discount", "by")}
        return said | {"margins": dict(sorted(self.levels.items()))}


def margins_of(stored: Mapping[str, Any]) -> Margins:
    """Read what a company says.

    Raises:
        RuleRefused: an entry is unknown or has no sense.
    """
    if unknown := sorted(set(stored) - set(FIELDS)):
        raise RuleRefused(unknown[0], "it is unknown", f"known are {', '.join(sorted(FIELDS))}")
    plain = Margins()
    months, by, levels = stored.get("months", plain.months), stored.get("by", ""), stored.get("margins", {})
    if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= LONGEST:
        raise RuleRefused("months", "it is no whole number of months", f"write 1 to {LONGEST}")
    if not isinstance(by, str) or not isinstance(levels, Mapping) or bool(by) is not bool(levels):
        raise RuleRefused("by", "a column and its margins go together", 'write by = "COLUMN" and [value.margins]')
    return Margins(
        margin=_share(stored, "margin", plain.margin),
        months=months,
        yearly_discount=_share(stored, "yearly_discount", plain.yearly_discount),
        by=by,
        levels={str(name): _share(levels, name, 1.0) for name in levels},
    )


def _share(stored: Mapping[str, Any], name: str, default: float) -> float:
    value = stored.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise RuleRefused(name, "it is no share between 0 and 1", "write 35 % as 0.35")
    return float(value)
