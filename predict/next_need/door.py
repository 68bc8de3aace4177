"""What comes next for each customer, as the child process tells it: a message in, a message out (`predict.studies`).

Products are ranked by the customer's own frequency and filled up with what is popular, functions are those that others
use and the customer has no row for. No model is asked: one is used only where it was measured to be clearly better
(`predict.next_need.products`), and these rows teach nothing.

`pairs` has a row for each customer and product, or function, at one instant. `coming` has pseudonym, as_of, place (from
1), the product or function, `basis` (own: this customer bought it before; everybody: what others take, for want of
something own), `share` of `customers` (all those in `pairs`) who took it in the last 90 days, and `because` in words. A
share is what others did, never this customer's chance.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import polars as pl

from predict.errors import MessageRefused
from predict.feature import LANGUAGES
from predict.frames import AS_OF, PSEUDONYM
from predict.next_need.products import MANY, Columns, Way, because, popularity, ranked, unused
from predict.next_need.texts import FUNCTION_WORDS
from predict.wire import Message, arrow

COMING: Final = "coming"
_DIGITS: Final = 6
"""Of a share: enough for twenty among ten million, and no tail that the machine's arithmetic makes."""
_PRODUCTS: Final = Columns()
_FUNCTIONS: Final = Columns(often="function_days_90d", lately="function_days_90d", since="days_since_function")


class Kind(StrEnum):
    """What may come next; the name of its column in `coming`."""

    PRODUCT = "product"
    FUNCTION = "function"


def answer(asked: Message) -> Message:
    """Answer with `coming`: a row for each customer and place.

    Raises:
        MessageRefused: a field says something else than it may.
        PredictError: the frame lacks a column.
    """
    kind, language, places = _kind(asked.fields), _language(asked.fields), _places(asked.fields)
    pairs = asked.frame("pairs")
    told = _products(pairs, language) if kind is Kind.PRODUCT else _functions(pairs, language)
    rows = told.filter(pl.col("place") <= places).rename({_PRODUCTS.product: kind.value})
    return Message({"ok": True}, {COMING: arrow(rows)}, {COMING: "arrow"})


def _products(pairs: pl.DataFrame, language: str) -> pl.DataFrame:
    listed = ranked(pairs, Way.OWN_FREQUENCY, columns=_PRODUCTS)
    return _with_shares(because(listed, pairs, language, columns=_PRODUCTS), pairs, _PRODUCTS)


def _functions(pairs: pl.DataFrame, language: str) -> pl.DataFrame:
    listed = unused(pairs, columns=_FUNCTIONS)
    return _with_shares(listed.with_columns(because=pl.lit(FUNCTION_WORDS[language])), pairs, _FUNCTIONS)


def _with_shares(listed: pl.DataFrame, pairs: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Set beside each place what others did; what nobody took lately is named to nobody who never had it."""
    customers = pairs.group_by(AS_OF).agg(customers=pl.col(PSEUDONYM).n_unique().cast(pl.Int64))
    shares = popularity(pairs, columns).rename({"popularity": "share"})
    both = listed.join(shares, on=[AS_OF, columns.product], how="left").join(customers, on=AS_OF, how="left")
    basis = pl.when("own").then(pl.lit("own")).otherwise(pl.lit("everybody")).alias("basis")
    told = both.filter(pl.col("own") | (pl.col("share") > 0)).with_columns(basis, pl.col("share").round(_DIGITS))
    order = [PSEUDONYM, AS_OF, "place", columns.product, "basis", "share", "customers", "because"]
    return told.select(order).sort(AS_OF, PSEUDONYM, "place")


def _kind(fields: Mapping[str, Any]) -> Kind:
    try:
        return Kind(str(fields.get("kind")))
    except ValueError as exc:
        raise MessageRefused(f"field 'kind' must be one of {', '.join(Kind)}") from exc


def _language(fields: Mapping[str, Any]) -> str:
    language = fields.get("language")
    if language not in LANGUAGES:
        raise MessageRefused(f"field 'language' must be one of {', '.join(LANGUAGES)}")
    return str(language)


def _places(fields: Mapping[str, Any]) -> int:
    places = fields.get("places", MANY)
    if not isinstance(places, int) or isinstance(places, bool) or not 1 <= places <= MANY:
        raise MessageRefused(f"field 'places' must be a whole number from 1 to {MANY}")
    return places
