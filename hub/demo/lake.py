"""The company as the lake would hold it, and as a view would give it: without a home, for tests of prediction modules.

Customers are merged as they truly are and everybody may be read, so that what a module finds or misses is the module's
doing. Ids are not secret here: `pseudonym_of` turns the truth's numbers into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hub.demo.lived import Truth
from hub.views.compile import AS_OF, compile_training, compile_view
from hub.views.folding import SUBJECT, Permitted
from hub.views.gateway import PSEUDONYM
from hub.views.load import catalogue_spec
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import TABLES
from privacy.terms import EntityKind

_FIRM: Final = 1 << 40  # organisations are numbered from here on, people below
_REDACTOR: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """The canonical tables of one company; `truth` is what no table holds."""

    truth: Truth
    tables: dict[str, pl.DataFrame]

    def scoring(self, view: str, as_of: datetime) -> pl.DataFrame:
        """Read a view of the catalogue at an instant of its grid: pseudonym, as_of and its columns."""
        spec = catalogue_spec(view)
        frame = compile_view(spec, self._parts(spec), self._everybody(spec), as_of=as_of).collect()
        at = pl.lit(as_of).dt.cast_time_unit("us").alias(AS_OF)
        return frame.select(pseudonym_of(pl.col(SUBJECT).cast(pl.Int64) + _first(spec)), at, pl.exclude(SUBJECT))

    def training(self, view: str, cuts: Sequence[datetime], known_until: datetime) -> pl.DataFrame:
        """Read a training view of the catalogue at several instants, with its label."""
        spec = catalogue_spec(view)
        plan = compile_training(spec, self._parts(spec), self._everybody(spec), cuts=cuts, known_until=known_until)
        frame = plan.collect()
        return frame.select(pseudonym_of(pl.col(SUBJECT).cast(pl.Int64) + _first(spec)), pl.exclude(SUBJECT))

    def _parts(self, spec: ViewSpec) -> dict[str, list[pl.LazyFrame]]:
        return {table: [self.tables[table].lazy()] if table in self.tables else [] for table in spec.tables}

    def _everybody(self, spec: ViewSpec) -> Permitted:
        """Permit all customers of the view's kind; the acts of all people count towards their organisation."""
        known = (
            self.truth.people["entity"] if spec.grain is EntityKind.PERSON else self.truth.organisations["organisation"]
        )
        number = pl.DataFrame({"number": known})
        subjects = number.select(record=_id(pl.col("number") + _first(spec)), subject=pl.col("number").cast(pl.UInt32))
        persons = self.truth.people.select(record=_id(pl.col("entity")))
        return Permitted(subjects.lazy(), persons.lazy(), redactor=_REDACTOR)


def lake_of(truth: Truth) -> Lake:
    """Bring a company's events into the canonical tables.

    Contact persons act for their organisation in the product, in projects and in what is ordered. Text is as written:
    nothing of it is redacted.
    """
    employers = truth.people.select("entity", "organisation")
    lines, paid = truth.lines.with_columns(order_ref="order"), truth.payments.with_columns(order_ref="order")
    acts = {
        "orders": truth.orders.with_row_index("order_ref"),
        "order_lines": lines.rename({"product": "product_code", "category": "product_category"}),
        "payments": paid,
        "subscriptions": truth.subscriptions.with_columns(subscription_ref="entity"),
        "usage": truth.usage,
        "projects": truth.projects.with_columns(project_ref="project"),
    }
    alone = {
        "tickets": truth.tickets.with_row_index("ticket_ref"),
        "feedback": truth.feedback,
        "journey_steps": truth.journeys,
        "outcomes": truth.outcomes.rename({"reason": "reason_code"}),
    }
    things = {
        "assets": truth.machines.assets,
        "asset_readings": truth.machines.readings,
        "service_events": truth.machines.services,
    }
    acting = {name: frame.join(employers, on="entity", how="left") for name, frame in acts.items()}
    named = {name: frame.rename({"machine": "asset_ref"}) for name, frame in things.items()}
    tables = {name: _canonical(name, frame) for name, frame in (acting | alone | named).items()}
    return Lake(truth=truth, tables=tables)


def _canonical(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Write a frame in the columns of its table: persons by id, events numbered, what nobody delivers null."""
    held = frame.with_row_index("event_id").with_columns(
        pl.lit(None, dtype=pl.Int64).alias(name) for name in ("entity", "organisation") if name not in frame.columns
    )
    held = held.rename({"at": "event_time"}).with_columns(
        person=_id(pl.col("entity")), organisation=_id(pl.col("organisation") + _FIRM)
    )
    return held.select(
        (pl.col(name) if name in held.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TABLES[table].schema.items()
    )


def pseudonym_of(number: pl.Expr, *, organisation: bool = False) -> pl.Expr:
    """Return the 16-byte id of a person (`entity`) or of an organisation, as column `pseudonym`."""
    return _id(number + _FIRM if organisation else number).alias(PSEUDONYM)


def _first(spec: ViewSpec) -> int:
    return 0 if spec.grain is EntityKind.PERSON else _FIRM


def _id(number: pl.Expr) -> pl.Expr:
    """Write a number as 16 bytes; null stays null."""
    return number.cast(pl.String).str.zfill(16).cast(pl.Binary)
