"""Which answer to offer whom, through which channel, and what it is expected to recover.

Expected recovered value of an offer, in minor units:

    pull * uplift * value - returning * cost - channel cost

`uplift` is what contacting changes (`predict.uplift`), `pull` how many times that an offer had in own tests (1 until
measured), `value` the contribution margin if the customer returns (CLV), `returning` the chance that he returns when
contacted: the offer's cost is paid to whoever returns, also to those who would have come anyway.

An offer fits when the customer's reason is among its reasons, it is valid at the instant, its cost keeps the margin
limit, and it is no discount for a reason on `without_discount` (by default those frustrated by service: money says that
their complaint was not heard). An open complaint stops every offer, and so does not knowing whether there is one.
Whoever may not be reached through any channel, or is worth less than the contact costs, is left in peace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import polars as pl

from predict.errors import FrameRefused, RuleRefused
from predict.frames import AS_OF, PSEUDONYM
from predict.winback.leaving import KNOWN, Leaving


class OfferKind(StrEnum):
    """What is offered."""

    DISCOUNT = "discount"
    SERVICE = "service"  # the cause was put right, and somebody says so
    FUNCTION = "function"  # what was missing is there now
    CONTENT = "content"  # something worth knowing
    PERSONAL = "personal"  # a talk with a person


class Because(StrEnum):
    """Why an offer is made, or none is."""

    RECOMMENDED = "recommended"
    OPEN_COMPLAINT = "open complaint"
    NO_CHANNEL = "no channel allowed"
    NO_OFFER = "no offer fits"
    NOT_WORTH_IT = "worth less than it costs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offer; `cost_minor` is paid once a customer returns, valid from the first day to the day before the last."""

    name: str
    kind: OfferKind
    reasons: tuple[Leaving, ...]
    cost_minor: int = 0
    pull: float = 1.0
    valid_from: date = date.min
    valid_until: date = date.max

    def __post_init__(self) -> None:
        """Insist on reasons, a cost, a pull and days in order."""
        if not self.reasons or self.cost_minor < 0 or self.pull < 0 or self.valid_from >= self.valid_until:
            rule = "it needs reasons, a cost and a pull of 0 or more, and a first day before the last"
            raise RuleRefused(self.name, rule, "correct the entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to reach a customer and what one contact costs."""

    name: str
    cost_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCatalogue:
    """Offers and channels in order of preference; `margin_limit` is the largest share of `value` an offer may cost."""

    offers: tuple[Offer, ...]
    channels: tuple[Channel, ...]
    margin_limit: float = 0.5
    without_discount: tuple[Leaving, ...] = (Leaving.SERVICE_FRUSTRATED,)

    def __post_init__(self) -> None:
        """Insist that each name stands once."""
        for names in ([one.name for one in self.offers], [one.name for one in self.channels]):
            if len(set(names)) != len(names) or not names:
                raise RuleRefused("catalogue", "a name stands twice, or there is none", "name each once")


def offer_catalogue_of(stored: Mapping[str, Any]) -> OfferCatalogue:
    """Read a catalogue from plain JSON values; days as YYYY-MM-DD.

    Raises:
        RuleRefused: a field is missing, unknown or without sense.
    """
    try:
        offers = tuple(_offer_of(one) for one in stored["offers"])
        channels = tuple(
            Channel(name=str(one["name"]), cost_minor=int(one["cost_minor"])) for one in stored["channels"]
        )
        without = tuple(Leaving(one) for one in stored.get("without_discount", [Leaving.SERVICE_FRUSTRATED]))
        limit = float(stored.get("margin_limit", 0.5))
    except (KeyError, TypeError, ValueError) as exc:
        known = ", ".join(KNOWN)
        raise RuleRefused("catalogue", "an entry lacks a field or has one too many", f"reasons are {known}") from exc
    return OfferCatalogue(offers=offers, channels=channels, margin_limit=limit, without_discount=without)


def recommend(customers: pl.DataFrame, catalogue: OfferCatalogue, *, at: datetime) -> pl.DataFrame:
    """Give each customer the offer and channel of highest expected value, or the reason why there is none.

    Args:
        customers: pseudonym, as_of, reason (String), uplift and returning (Float64, probabilities), value_minor
            (Float64), open_complaint (Boolean) and for each channel `reach_NAME` (Boolean: allowed and possible) and,
            if known, `answers_NAME` (Float64: share of messages answered). Unknown reach means no; an unknown share
            of answers is that of customers with the same reason, else of all.
        catalogue: what may be offered.
        at: the instant; an offer is valid by its day in UTC.

    Returns:
        pseudonym, as_of, offer, channel, expected_value_minor (null without an offer), because; sorted by as_of and
        pseudonym.

    Raises:
        FrameRefused: a column is missing.
    """
    _require(customers, catalogue)
    rows = customers.sort(AS_OF, PSEUDONYM).with_columns(
        _channel(customers, catalogue).alias("channel"),
        pl.col("open_complaint").fill_null(value=True).alias("open_complaint"),
    )
    price = {one.name: one.cost_minor for one in catalogue.channels}
    paid = pl.col("channel").replace_strict(price, default=None, return_dtype=pl.Float64)
    usable = [one for one in catalogue.offers if one.valid_from <= at.date() < one.valid_until]
    worth = [_worth(one, catalogue, paid) for one in usable]
    best = pl.max_horizontal(worth) if worth else pl.lit(None, dtype=pl.Float64)
    named = [pl.when(one == best).then(pl.lit(offer.name)) for offer, one in zip(usable, worth, strict=True)]
    offer = pl.coalesce(named) if named else pl.lit(None, dtype=pl.String)
    rows = rows.with_columns(best.alias("expected_value_minor"), offer.alias("offer"))
    rows = rows.with_columns(_because().alias("because"))
    made = pl.col("because") == Because.RECOMMENDED.value
    kept = [pl.when(made).then(pl.col(name)).alias(name) for name in ("offer", "channel", "expected_value_minor")]
    return rows.select(PSEUDONYM, AS_OF, *kept, "because")


def prioritise(recommended: pl.DataFrame, *, capacity: int) -> pl.DataFrame:
    """Keep the offers of highest expected value, as many as can be looked after; equals are settled by pseudonym."""
    made = recommended.filter(pl.col("because") == Because.RECOMMENDED.value)
    return made.sort("expected_value_minor", PSEUDONYM, descending=[True, False]).head(capacity)


def _offer_of(stored: Mapping[str, Any]) -> Offer:
    unknown = set(stored) - set(Offer.__slots__)
    if unknown:
        raise ValueError("unknown fields")
    return Offer(
        name=str(stored["name"]),
        kind=OfferKind(stored["kind"]),
        reasons=tuple(Leaving(one) for one in stored["reasons"]),
        cost_minor=int(stored.get("cost_minor", 0)),
        pull=float(stored.get("pull", 1.0)),
        valid_from=date.fromisoformat(stored.get("valid_from", date.min.isoformat())),
        valid_until=date.fromisoformat(stored.get("valid_until", date.max.isoformat())),
    )


def _require(customers: pl.DataFrame, catalogue: OfferCatalogue) -> None:
    wanted = [PSEUDONYM, AS_OF, "reason", "uplift", "returning", "value_minor", "open_complaint"]
    for name in (*wanted, *(f"reach_{one.name}" for one in catalogue.channels)):
        if name not in customers.columns:
            raise FrameRefused(name, "is missing", "give the columns that `recommend` names")


def _channel(customers: pl.DataFrame, catalogue: OfferCatalogue) -> pl.Expr:
    """Name the allowed channel in which most is answered; of equals the one that stands first."""
    rates = []
    for one in catalogue.channels:
        allowed = pl.col(f"reach_{one.name}").fill_null(value=False)
        rates.append(pl.when(allowed).then(_answers(customers, one.name)))
    best = pl.max_horizontal(rates)
    named = [pl.when(rate == best).then(pl.lit(one.name)) for rate, one in zip(rates, catalogue.channels, strict=True)]
    return pl.coalesce(named)


def _answers(customers: pl.DataFrame, channel: str) -> pl.Expr:
    name = f"answers_{channel}"
    if name not in customers.columns:
        return pl.lit(0.0)
    own = pl.col(name)
    return pl.coalesce(own, own.mean().over("reason"), own.mean(), pl.lit(0.0))


def _worth(offer: Offer, catalogue: OfferCatalogue, paid: pl.Expr) -> pl.Expr:
    """Give the expected value where the offer fits, else null."""
    barred = catalogue.without_discount if offer.kind is OfferKind.DISCOUNT else ()
    reasons = [one.value for one in offer.reasons if one not in barred]
    value = pl.col("value_minor")
    fits = pl.col("reason").is_in(reasons) & (offer.cost_minor <= catalogue.margin_limit * value)
    expected = offer.pull * pl.col("uplift") * value - pl.col("returning") * offer.cost_minor - paid
    return pl.when(fits).then(expected)


def _because() -> pl.Expr:
    return (
        pl.when(pl.col("open_complaint"))
        .then(pl.lit(Because.OPEN_COMPLAINT.value))
        .when(pl.col("channel").is_null())
        .then(pl.lit(Because.NO_CHANNEL.value))
        .when(pl.col("offer").is_null())
        .then(pl.lit(Because.NO_OFFER.value))
        .when(pl.col("expected_value_minor") <= 0)
        .then(pl.lit(Because.NOT_WORTH_IT.value))
        .otherwise(pl.lit(Because.RECOMMENDED.value))
    )
