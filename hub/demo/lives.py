"""How each customer fares: latent traits, what went wrong and when, who left and why. The truth behind all events.

Days are counted from the first day of the window (`WINDOW_DAYS` before `until`); fractions are hours.

A customer meets an *episode* (something goes wrong, chosen by the customer's traits) about every third year; it lasts
its lead time (median 95 days, 60 to 150), during which signals show in the events (`rhythm`, `commerce`, `tickets`).
Four in five episodes end with the customer leaving, the others heal. A few customers leave without any sign. Pauses
(holiday, illness) look like the beginning of an episode and mean nothing. So a model can be good and cannot be perfect.

What is not planted (`hub.demo.planted`) leaves departures as they are, in number and time, without their episode.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Flags, Floats, Ints, flags, stream
from hub.demo.occasions import WINDOW_DAYS, Occasions, occasions_of
from hub.demo.planted import AS_IN_THE_DEMO, Planted

LEAD_MEDIAN_DAYS: Final = 95.0
DRIFT_DAY: Final = 547.0  # half a year before the end of the window
DEPARTS_SHARE: Final = 0.8
EPISODES_PER_YEAR: Final = 0.30
SUDDEN_PER_YEAR: Final = 0.02
BUYS_ONLY: Final = 0.15  # companies without users of the product


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of trouble.

    `logins`, `orders`, `opens` say by which share the rate has fallen at the end; `tickets` is the factor on ticket
    numbers, `category` what they are about, `delay` the factor on the time to resolve them.
    """

    name: str
    logins: float
    orders: float
    opens: float
    tickets: float
    category: str
    delay: float


CAUSES: Final = (
    Cause("fading_use", 0.97, 0.60, 0.6, 1.0, "usability", 1.0),
    Cause("fewer_orders", 0.75, 0.90, 0.5, 1.0, "communication", 1.0),
    Cause("slow_service", 0.75, 0.60, 0.3, 14.0, "function_error", 5.0),
    Cause("late_deliveries", 0.75, 0.65, 0.2, 12.0, "delivery", 1.6),
    Cause("price", 0.75, 0.70, 0.5, 12.0, "price", 1.2),
)
SUDDEN: Final = "sudden"
_NEVER: Final = 1e6


@dataclass(frozen=True, slots=True)
class Lives:
    """`customers`: one row per entity; `episodes`: what went wrong; `pauses`: absences that mean nothing.

    `occasions` is what came up besides, `planted` what was planted of all this.

    customers: entity, shopper, user, login_rate and order_rate (a week), ticket_rate (a year), open_rate (share),
    price_sensitivity, service_sensitivity (0-1), joined_day (may be negative), left_day (null: still a customer),
    cause (null: still a customer).
    episodes: entity, cause, start_day, end_day, depth (0-1), departs. pauses: entity, start_day, end_day.
    """

    customers: pl.DataFrame
    episodes: pl.DataFrame
    pauses: pl.DataFrame
    occasions: Occasions
    planted: Planted


def lives_of(seed: int, people: pl.DataFrame, planted: Planted = AS_IN_THE_DEMO) -> Lives:
    """Live everybody's life once; a share of the episodes shows, the others leave the departure without a cause."""
    rng = stream(seed, "lives")
    customers = _traits(seed, rng, people)
    joined = np.maximum(customers["joined_day"].to_numpy(), 0.0)
    sudden = joined + rng.exponential(365 / SUDDEN_PER_YEAR, people.height)
    first = _episodes(rng, customers, after=joined)
    healed = np.where(first["departs"].to_numpy(), _NEVER, first["end_day"].to_numpy() + 30)
    second = _episodes(rng, customers, after=healed)
    both = _drifted(seed, pl.concat([first, second]), planted.drift)
    episodes = both.with_columns(sudden=pl.Series(np.tile(sudden, 2)))
    episodes = episodes.filter(pl.col("start_day") < pl.min_horizontal("sudden", pl.lit(float(WINDOW_DAYS))))
    departures = _departures(episodes, pl.DataFrame({"entity": people["entity"], "sudden": sudden}))
    customers = customers.join(departures, on="entity", how="left", maintain_order="left")
    customers, episodes = _shown(seed, customers, episodes.drop("sudden").sort("entity", "start_day"), planted.churn)
    pauses = _pauses(rng, people)
    return Lives(customers, episodes, pauses, occasions_of(seed, people, customers, pauses, planted), planted)


def churn_of(lives: Lives) -> pl.DataFrame:
    """Tell who left within the window.

    Columns: entity, left_day, cause, warned_day (start of the episode; null for `sudden`), lead_days.
    """
    left = lives.customers.filter(pl.col("left_day").is_not_null()).select("entity", "left_day", "cause")
    fatal = lives.episodes.filter(pl.col("departs")).select("entity", "cause", warned_day="start_day")
    joined = left.join(fatal, on=["entity", "cause"], how="left").unique("entity", keep="last").sort("entity")
    return joined.with_columns(lead_days=pl.col("left_day") - pl.col("warned_day"))


def _traits(seed: int, rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Draw what distinguishes customers; consumers shop more, contact persons of companies use the product more."""
    count = people.height
    business = people["organisation"].is_not_null().to_numpy()
    user = (rng.random(count) < np.where(business, 0.9, 0.35)) & ~_buys_only(seed, people)
    shopper = (rng.random(count) < np.where(business, 0.5, 0.9)) | ~user
    early = flags(rng, count, 0.68)
    joined = np.where(early, -rng.exponential(500, count), rng.uniform(0, WINDOW_DAYS - 20, count))
    return people.select("entity").with_columns(
        shopper=pl.Series(shopper),
        user=pl.Series(user),
        login_rate=pl.Series(rng.gamma(1.2, 1.2, count) + 1.4),
        order_rate=pl.Series(rng.gamma(2.0, 0.1, count) + 0.05),
        ticket_rate=pl.Series(rng.gamma(1.2, 0.5, count)),
        open_rate=pl.Series(rng.beta(2.5, 4.5, count)),
        price_sensitivity=pl.Series(rng.beta(2, 3, count)),
        service_sensitivity=pl.Series(rng.beta(2, 3, count)),
        joined_day=pl.Series(joined),
    )


def _buys_only(seed: int, people: pl.DataFrame) -> Flags:
    """Say whose company buys and has no use for the product."""
    firm = people["organisation"].fill_null(0).to_numpy()
    buyers = flags(stream(seed, "buying companies"), int(firm.max()) + 1, BUYS_ONLY)
    return np.asarray(buyers[firm] & people["organisation"].is_not_null().to_numpy())


def _episodes(rng: np.random.Generator, customers: pl.DataFrame, *, after: Floats) -> pl.DataFrame:
    """Draw each customer's next episode after a day; hazard and kind follow from the traits."""
    count = customers.height
    price, service = customers["price_sensitivity"].to_numpy(), customers["service_sensitivity"].to_numpy()
    shopper, user = customers["shopper"].to_numpy(), customers["user"].to_numpy()
    weights = np.column_stack([user * 1.0, shopper * 0.8, service * 2.0, shopper * service * 1.6, price * 2.0])
    start = after + rng.exponential(365 / EPISODES_PER_YEAR, count) / (0.6 + (price + service) / 2)
    lead = np.clip(rng.lognormal(np.log(LEAD_MEDIAN_DAYS), 0.25, count), 60, 150)
    return pl.DataFrame(
        {
            "entity": customers["entity"],
            "cause": pl.Series([cause.name for cause in CAUSES]).gather(pl.Series(_chosen(rng, weights))),
            "start_day": start,
            "end_day": start + lead,
            "depth": rng.uniform(0.8, 1.0, count),
            "departs": flags(rng, count, DEPARTS_SHARE),
        }
    )


def _drifted(seed: int, episodes: pl.DataFrame, drift: float) -> pl.DataFrame:
    """Let episodes that begin after the drift be about the price."""
    moved = pl.Series(flags(stream(seed, "drift"), episodes.height, 0.7 * drift))
    late = pl.col("start_day") >= DRIFT_DAY
    return episodes.with_columns(cause=pl.when(late & moved).then(pl.lit("price")).otherwise("cause"))


def _shown(
    seed: int, customers: pl.DataFrame, episodes: pl.DataFrame, share: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep a share of the customers' episodes; whose episodes are taken away leaves, if at all, without a sign."""
    shown = pl.Series(flags(stream(seed, "shown"), customers.height, share))
    quiet = customers["entity"].filter(~shown).implode()
    cause = pl.when(pl.col("cause").is_not_null() & pl.col("entity").is_in(quiet)).then(pl.lit(SUDDEN))
    return customers.with_columns(cause=cause.otherwise("cause")), episodes.filter(~pl.col("entity").is_in(quiet))


def _chosen(rng: np.random.Generator, weights: Floats) -> Ints:
    """Choose one column per row with the row's weights."""
    bounds = np.cumsum(weights, axis=1)
    return np.asarray((rng.random(len(weights))[:, None] * bounds[:, -1:] > bounds).sum(axis=1), dtype=np.int64)


def _departures(episodes: pl.DataFrame, sudden: pl.DataFrame) -> pl.DataFrame:
    """Take the earlier of the fatal episode's end and the sudden departure, if it lies inside the window."""
    fatal = (
        episodes.filter(pl.col("departs")).group_by("entity").agg(pl.col("end_day", "cause").sort_by("end_day").first())
    )
    joined = sudden.join(fatal, on="entity", how="left")
    warned = pl.col("end_day").fill_null(_NEVER) <= pl.col("sudden")
    return (
        joined.with_columns(
            left_day=pl.min_horizontal("end_day", "sudden"),
            cause=pl.when(warned).then("cause").otherwise(pl.lit(SUDDEN)),
        )
        .filter(pl.col("left_day") < WINDOW_DAYS)
        .select("entity", "left_day", "cause")
    )


def _pauses(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Send everybody away every other year, for ten days to five weeks."""
    times = rng.poisson(1.0, people.height)
    entity = np.repeat(people["entity"].to_numpy(), times)
    start = rng.uniform(-30, WINDOW_DAYS, len(entity))
    return pl.DataFrame({"entity": entity, "start_day": start, "end_day": start + rng.uniform(10, 35, len(entity))})
