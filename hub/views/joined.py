"""Point-in-time join: the features of given customers, each as they were at an instant of their own.

For training on labels that somebody else holds: they know pseudonyms of the purpose, and when something happened to
whom. What comes back is in each pair's row what a read at its instant gives; nothing at or after an instant is in it.

Rules kept here:
- instants are those of the view's grid, at most `MOST_INSTANTS` in one join, none of them still to come;
- it is a release: decided, fenced and audited, of those alone who are in it; of everybody who was counted in a group of
  k where rows are grouped, for whoever leaves makes the group smaller. It counts as a read of the view for each
  instant, however often the same is asked; of a view that was approved with a label as one, as its training reads do;
- whoever may not be read, is not in the view at that instant, or is nobody is absent, and these are one answer;
- where rows depend on nobody else, events are read once for all instants and grouped for those alone who were asked
  for. Where they do, everybody's are built at one instant after the other, and the others' forgotten at once. Memory
  holds a part of the lake, or everybody's rows at one instant, beside what was asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.retention.sight import Sight
from hub.views.building import Rows, rows_of
from hub.views.built import Built
from hub.views.compile import AS_OF, EARLIEST, LATEST, Tables, check_past, compile_each, compile_view
from hub.views.engine import tables_of
from hub.views.errors import RowsRefused
from hub.views.folding import RECORD, SUBJECT, Permitted
from hub.views.gateway import ENTITY, PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.views.quota import Asked
from hub.views.spec import ViewSpec
from ingest.canonical.table import INSTANT
from privacy.pseudonym import entities_of
from privacy.terms import ID_BYTES, PurposeId

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
    cuts = _cuts_of(pairs)
    asked = Asked(as_of=cuts[-1], instants=len(cuts), training=True)
    source = partial(_built, gateway, view, purpose, pairs)
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


def _cuts_of(pairs: pl.DataFrame) -> list[datetime]:
    """Return the instants, oldest first."""
    return [each.astimezone(UTC) for each in pairs[AS_OF].unique().sort()]


def _built(gateway: Gateway, view: str, purpose: str, pairs: pl.DataFrame) -> Built:
    """Build what was asked for, and put it in the order of the pairs."""
    built = gateway.build_with(view, purpose, PairsAt(gateway.hub, pairs))
    return replace(built, frame=pairs.join(built.frame, on=[PSEUDONYM, AS_OF], how="inner", maintain_order="left"))


@dataclass(frozen=True, slots=True)
class PairsAt:
    """Rows of given customers, each at instants of their own: `pairs` has `pseudonym` and `as_of`."""

    hub: Hub
    pairs: pl.DataFrame

    def __call__(self, sight: Sight, spec: ViewSpec, permitted: Permitted) -> Rows:
        """Build the rows with `as_of` beside the subject; raises what `check_past` raises."""
        cuts = _cuts_of(self.pairs)
        for cut in cuts:
            check_past(spec, cut, at=sight.at)
        tables = tables_of(self.hub.settings.engine, sight, spec.tables, until=cuts[-1])
        asked = self._asked(spec, permitted).partition_by(AS_OF, as_dict=True, include_key=False)
        nobody = pl.DataFrame(schema={RECORD: pl.Binary, SUBJECT: pl.UInt32})
        by_cut = {cut: asked.get((cut,), nobody) for cut in cuts}
        join = _Join(spec, tables, permitted, by_cut, sight.renew)
        return join.of_groups() if spec.groups_rows else join.of_asked()

    def _asked(self, spec: ViewSpec, permitted: Permitted) -> pl.DataFrame:
        """Lead pseudonyms back to those who may be read: record, subject, as_of; nobody's lead nowhere."""
        domain = self.hub.domain(self.hub.policy().purpose(PurposeId(spec.purpose)).domain)
        entities = self.pairs.select(entities_of(domain, self.pairs[PSEUDONYM]).alias(ENTITY), AS_OF)
        return permitted.subjects.join(entities.lazy(), on=ENTITY).select(RECORD, SUBJECT, AS_OF).collect()


@dataclass(frozen=True, slots=True)
class _Join:
    """What is built: `asked` has for each instant the records and subjects whose rows are wanted."""

    spec: ViewSpec
    tables: Tables
    permitted: Permitted
    asked: Mapping[datetime, pl.DataFrame]
    renew: Callable[[], None]

    def of_asked(self) -> Rows:
        """Read the lake once for all instants, and of each the events of those whose rows are wanted then."""
        whose = [(cut, replace(self.permitted, subjects=theirs.lazy())) for cut, theirs in self.asked.items()]
        plans = compile_each(self.spec, self.tables, whose, before_part=self.renew)
        return Rows(pl.concat(map(_at, plans, self.asked)).collect(), None)

    def of_groups(self) -> Rows:
        """Build everybody's rows at one instant after the other, so that groups are whole; keep those wanted."""
        kept, there = [], pl.Series(SUBJECT, [], dtype=pl.UInt32)
        for cut, theirs in self.asked.items():
            self.renew()
            built = rows_of(self.spec, compile_view(self.spec, self.tables, self.permitted, as_of=cut))
            there = pl.concat([there, built.frame[SUBJECT] if built.there is None else built.there]).unique()
            wanted = built.frame.lazy().join(theirs.lazy().select(SUBJECT).unique(), on=SUBJECT, how="semi")
            kept.append(_at(wanted, cut).collect())
        return Rows(pl.concat(kept), there)


def _at(rows: pl.LazyFrame, cut: datetime) -> pl.LazyFrame:
    return rows.with_columns(pl.lit(cut, dtype=INSTANT).alias(AS_OF))
