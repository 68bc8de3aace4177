"""The guide for whoever writes a view lists every operation and every grain, as the code has them."""

import re
from pathlib import Path

from hub.views.feature import DerivedOp, Op
from hub.views.row_key import RowKind
from privacy.terms import EntityKind

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "feature-views.md"
_ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)


def rows_under(heading: str) -> dict[str, str]:
    """Return the first word of each table row of a section, and what stands in its last column."""
    section = GUIDE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {word: cells.rsplit("|", 1)[-1].strip() for word, cells in _ROW.findall(section)}


def test_the_guide_says_of_every_operation_whether_it_folds() -> None:
    assert rows_under("Operations") == {op.value: "yes" if op.folds else "no" for op in Op}
    assert all(f"`{op}`" in GUIDE.read_text(encoding="utf-8") for op in DerivedOp)


def test_the_guide_lists_every_grain() -> None:
    assert list(rows_under("Rows")) == [*EntityKind, *RowKind]
