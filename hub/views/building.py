"""How the rows of a view are built from what a read may see of the lake: at one instant, or at several with labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from hub.errors import AccessRefused
from hub.retention.sight import Sight
from hub.settings import POLARS
from hub.views.compile import AS_OF, check_past, compile_training
from hub.views.engine import tables_of
from hub.views.folding import SUBJECT, Permitted
from hub.views.spec import ViewSpec
from hub.views.summary_rows import compile_rows
from privacy.minimisation import hide_groups_in_each


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they were built: `subject`, keys and features; where groups are hidden, they are.

    `there` are the subjects of all rows that there are, also of those that are hidden or were not asked for. None:
    nobody looked who else has rows, for what is in these depends on nobody else.
    """

    frame: pl.DataFrame
    there: pl.Series | None


Build = Callable[[Sight, ViewSpec, Permitted], Rows]


@dataclass(frozen=True, slots=True)
class RowsAt:
    """Rows at one instant of the view's grid; of a summary what its figures are made of."""

    as_of: datetime
    engine: str = POLARS

    def __call__(self, sight: Sight, spec: ViewSpec, permitted: Permitted) -> Rows:
        """Build the rows; raises what `check_past` raises."""
        check_past(spec, self.as_of, at=sight.at)
        tables = tables_of(self.engine, sight, spec.tables, until=self.as_of)
        return rows_of(spec, compile_rows(spec, tables, permitted, as_of=self.as_of))


@dataclass(frozen=True, slots=True)
class TrainingAt:
    """Rows at several instants with labels; every label window ends before `known_until`."""

    cuts: Sequence[datetime]
    known_until: datetime
    engine: str = POLARS

    def __call__(self, sight: Sight, spec: ViewSpec, permitted: Permitted) -> Rows:
        """Build the rows; raises what `check_past` raises."""
        for cut in self.cuts:
            check_past(spec, cut, at=sight.at)
        tables = tables_of(self.engine, sight, spec.tables, until=self.known_until)
        known_until = self.known_until
        return rows_of(spec, compile_training(spec, tables, permitted, cuts=self.cuts, known_until=known_until))


def rows_of(spec: ViewSpec, plan: pl.LazyFrame) -> Rows:
    """Build rows of everybody, and hide groups below k among those of each instant."""
    frame = plan.collect()
    there = frame[SUBJECT].unique()
    if spec.quasi_identifiers and spec.summary is None:
        frame = hide_groups_in_each(frame, AS_OF, spec.quasi_identifiers, k=spec.k)
    return Rows(frame, there)


def instant_of_figures(spec: ViewSpec, build: Build) -> datetime | None:
    """Return the instant at which figures are built, None for a view of rows; nothing else is built of a summary.

    Raises:
        AccessRefused: rows are asked of a view of which none leave.

    """
    if spec.summary is None:
        return None
    if not isinstance(build, RowsAt):
        raise AccessRefused("figures_of_many", "No row of this view leaves: read it as a whole")
    return build.as_of
