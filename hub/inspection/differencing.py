"""What two releases of one view at neighbouring instants give away together that neither does alone.

A consumer keeps what it read and its pseudonyms stay, so the difference of two reads is a read of what came between
(the tracker of Denning, Denning and Schwartz, "The tracker: a threat to statistical database security", 1979; for two
rows of one key, differencing as Dwork and Roth describe it in "The algorithmic foundations of differential privacy",
2014, section 1). Measured on the rows as they would leave:

- `changed`: rows in both with another value; `one_event`: those behind whose change lies exactly one event of the
  view's tables, so that the change is that event; `unlike_any_other`: whose old and new values together no other has;
- `appeared`, `gone`: rows in one of the two only;
- `small_moves`: groups of quasi-identifiers that grew or shrank by fewer than k: who moved can be looked for there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from hub.views.folding import SUBJECT
from hub.views.preview import EVENTS

_LATER: Final = "__later"
_SIZE: Final = "__size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Rows and groups that two neighbouring reads single out; None is a count of few that the reader is not told."""

    earlier: datetime
    later: datetime
    in_both: int
    changed: int | None
    one_event: int | None
    unlike_any_other: int | None
    appeared: int | None
    gone: int | None
    small_moves: int | None


@dataclass(frozen=True, slots=True)
class Read:
    """One of the two: the instant, and the columns as they would leave, beside `subject` and what else names a row."""

    as_of: datetime
    frame: pl.DataFrame
    names: tuple[str, ...] = (SUBJECT,)


def no_differences(earlier: datetime, later: datetime) -> Differences:
    """Return what two reads show where no row leaves."""
    counts = dict.fromkeys(("changed", "one_event", "unlike_any_other", "appeared", "gone", "small_moves"), 0)
    return Differences(earlier=earlier, later=later, in_both=0, **counts)


def differences(earlier: Read, later: Read, events: pl.DataFrame, quasi: Sequence[str], *, k: int) -> Differences:
    """Compare two reads; `events` has `subject` and the number of events between them."""
    columns = [name for name in later.frame.columns if name not in later.names]
    both = earlier.frame.join(later.frame, on=list(later.names), suffix=_LATER)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}{_LATER}")) for name in columns)
    changed = both.filter(~same)
    alone = changed.join(events, on=SUBJECT).filter(pl.col(EVENTS) == 1)
    pairs = changed.group_by([name for name in both.columns if name not in later.names]).len(_SIZE)
    return Differences(
        earlier=earlier.as_of,
        later=later.as_of,
        in_both=both.height,
        changed=changed.height,
        one_event=alone.height,
        unlike_any_other=pairs.filter(pl.col(_SIZE) == 1).height,
        appeared=later.frame.height - both.height,
        gone=earlier.frame.height - both.height,
        small_moves=_small_moves(earlier.frame, later.frame, quasi, k) if quasi else 0,
    )


def without_few(found: Differences, *, least: int) -> Differences:
    """Take away counts of few, but not of none: together with a second check they would point at one person.

    The others are rounded down to groups of that size.
    """

    def told(count: int | None) -> int | None:
        return None if count is None or 0 < count < least else count - count % least

    return replace(
        found,
        in_both=found.in_both - found.in_both % least,
        changed=told(found.changed),
        one_event=told(found.one_event),
        unlike_any_other=told(found.unlike_any_other),
        appeared=told(found.appeared),
        gone=told(found.gone),
        small_moves=told(found.small_moves),
    )


def _small_moves(earlier: pl.DataFrame, later: pl.DataFrame, quasi: Sequence[str], k: int) -> int:
    before, after = (
        frame.group_by(quasi).len(_SIZE).with_columns(pl.col(_SIZE).cast(pl.Int64)) for frame in (earlier, later)
    )
    moved = before.join(after, on=list(quasi), how="full", suffix=_LATER, nulls_equal=True)
    step = (pl.col(_SIZE).fill_null(0) - pl.col(f"{_SIZE}{_LATER}").fill_null(0)).abs()
    return moved.filter((step > 0) & (step < k)).height
