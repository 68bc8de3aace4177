"""What comes next for each customer, through the gate: products due again or new, functions that others use.

Nothing is learned and nothing is kept: the rows of one audited release go to the child process, and what it says of
them is what leaves, under that release.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.predictions.child import ask
from hub.predictions.lessons import known_until, newest_cut
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.registry import readable_spec
from predict.frames import AS_OF
from predict.next_need.door import COMING, Kind
from predict.studies import STUDY
from predict.wire import Message, arrow

ASKED: Final = "next"
VIEWS: Final = {Kind.PRODUCT: "next_need_products_scoring", Kind.FUNCTION: "next_need_functions_scoring"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is listed: products or functions, at most so many a customer, with reasons in a language."""

    kind: Kind
    language: str = "en"
    places: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What comes next at an instant (`predict.next_need.door`), and the release that it came of."""

    as_of: datetime
    rows: pl.DataFrame
    released: Released


def coming(hub: Hub, who: Reader, wish: Wish, *, as_of: datetime | None = None) -> Coming:
    """List what comes next for each customer whom the view releases; by default at the newest instant of its grid.

    Raises:
        AccessRefused: the gate said no, or the view is not approved.
        ChildFailed: the view lacks a column that is needed.

    """
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), VIEWS[wish.kind], at=hub.clock())
    at = as_of or newest_cut(spec, known_until(hub, spec), hub.clock())
    released = Gateway(hub).read(who, spec.name, purpose=spec.purpose, as_of=at)
    fields = {"kind": wish.kind.value, "language": wish.language, "places": wish.places}
    pairs = arrow(released.frame.with_columns(pl.lit(at).alias(AS_OF)))
    rows = ask(STUDY, ASKED, Message(fields, {"pairs": pairs}, {"pairs": "arrow"})).frame(COMING)
    return Coming(as_of=at, rows=rows, released=released)
