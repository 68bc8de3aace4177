"""Point-in-time join: the features of given customers, each as they were at an instant of their own.

For training on labels that somebody else holds: they know pseudonyms of the purpose, and when something happened to
whom. What comes back was built at each of these instants for everybody, as a read at that instant is, and then kept to
the pairs that were asked for; nothing at or after an instant is in its row.

Rules kept here:
- instants are those of the view's grid, at most `MOST_INSTANTS` in one join, none of them still to come;
- it is a release: decided, fenced and audited, of those alone who are in it; of everybody who was counted in a group of
  k where rows are grouped, for whoever leaves makes the group smaller. It counts as a read of the view for each
  instant, however often the same is asked; of a view that was approved with a label as one, as its training reads do;
- whoever may not be read, is not in the view at that instant, or is nobody is absent, and these are one answer.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl

from hub.retention.sight import Sight
from hub.views.built import Built
from hub.views.compile import AS_OF, EARLIEST, LATEST, check_past, compile_view
from hub.views.engine import tables_of
from hub.views.errors import RowsRefused
from hub.views.folding import Permitted
from hub.views.gateway import ENTITY, PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.views.quota import Asked
from hub.views.spec import ViewSpec
from ingest.canonical.table import INSTANT
from privacy.terms import ID_BYTES, EntityKind

MOST_INSTANTS: Final = 36
MOST_ROWS: Final = 1_000_000
_SECONDS: Final = (int(EARLIEST.timestamp()), int(LATEST.timestamp()))


def read_joined(gateway: Gateway, who: Reader, view: str, wanted: pl.DataFrame, *, purpose: str) -> Released:
    """Join as `release_joined` does, for rows that stay in this process."""
    released = release_joined(gateway, who, view, wanted, purpose=purpose)
    gateway.complete(released, who.principal)
    return released


def release_joined(gateway: Gateway, who: Reader, view: str, wanted: pl.DataFrame, *, purpose: str) -> Released:
    """Return `pseudonym`, `as_of` and the view's features of the pairs in `wanted` that may be read, in its order.

    A pair that is given several times comes back once.
    `wanted` has `pseudonym` (Binary, 16 bytes, of the purpose) and `as_of` (an instant with a zone).

    Raises:
        RowsRefused: `wanted` has no or other columns, nulls, too many rows or instants.
        CutRefused: an instant is not on the view's grid, or is still to come.
        AccessRefused, ReadContended: as `Gateway.read`.

    """
    pairs = _pairs_of(view, wanted)
    cuts: list[datetime] = [each.astimezone(UTC) for each in pairs[AS_OF].unique().sort()]
    asked = Asked(as_of=cuts[-1], instants=len(cuts), training=True)
    source = partial(_built, gateway, view, purpose, pairs, cuts)
    return gateway.release_built(who, view, purpose, asked, source)


def _pairs_of(view: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Take the pairs in the types of a view's own frame."""
    kind = wanted.schema.get(AS_OF)
    zoned = isinstance(kind, pl.Datetime) and kind.time_zone is not None
    if dict(wanted.schema) != {PSEUDONYM: pl.Binary(), AS_OF: kind} or not zoned:
        raise RowsRefused(view, "wrong_columns", "give `pseudonym` (16 bytes) and `as_of` (an instant with a zone)")
    if not 0 < wanted.height <= MOST_ROWS or wanted[AS_OF].n_unique() > MOST_INSTANTS:
        raise RowsRefused(view, "too_many", f"give 1 to {MOST_ROWS} rows of at most {MOST_INSTANTS} instants")
    if sum(wanted.null_count().row(0)) or not (wanted[PSEUDONYM].bin.size() == ID_BYTES).all():
        raise RowsRefused(view, "no_pseudonym", "each row names a customer by 16 bytes, and an instant")
    if not wanted[AS_OF].dt.epoch("s").is_between(*_SECONDS).all():
        raise RowsRefused(view, "out_of_range", f"give instants of the years {EARLIEST.year} to {LATEST.year}")
    at = wanted[AS_OF].dt.convert_time_zone("UTC")
    if not at.cast(INSTANT).cast(at.dtype).equals(at):
        raise RowsRefused(view, "too_fine", "give instants in microseconds")
    return wanted.select(PSEUDONYM, at.cast(INSTANT)).unique(maintain_order=True)


def _built(gateway: Gateway, view: str, purpose: str, pairs: pl.DataFrame, cuts: list[datetime]) -> Built:
    """Build the view at each instant for everybody, so that groups are counted whole; keep the pairs."""

    def build(sight: Sight, spec: ViewSpec, permitted: Permitted) -> pl.LazyFrame:
        for cut in cuts:
            check_past(spec, cut, at=sight.at)
        tables = tables_of(gateway.hub.settings.engine, sight, spec.tables, until=cuts[-1])
        return pl.concat(
            compile_view(spec, tables, permitted, as_of=cut).with_columns(pl.lit(cut, dtype=INSTANT).alias(AS_OF))
            for cut in cuts
        )

    built = gateway.build_with(view, purpose, build)
    frame = pairs.join(built.frame, on=[PSEUDONYM, AS_OF], how="inner", maintain_order="left")
    members = built.members  # of an organisation anybody may have been counted, and whoever is in a group of k was
    if built.spec.grain is EntityKind.PERSON and not built.spec.groups_rows:
        members = members.filter(pl.col(ENTITY).is_in(frame[ENTITY].implode()))
    return replace(built, frame=frame, members=members)
