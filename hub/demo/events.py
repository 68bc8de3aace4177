"""The systems' events under the systems' own keys and column names."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import stream
from hub.demo.membership import keyed
from hub.demo.replies import replies_of

_OSLO: Final = "Europe/Oslo"
ANSWERS_OF: Final = timedelta(days=180)
_STATES: Final = {"placed": "P", "cancelled": "C", "returned": "R"}


def erp_orders(seed: int, orders: pl.DataFrame, records: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Write the orders; contact persons of companies buy for the company half of the time."""
    rng = stream(seed, "erp orders")
    frame = _with_company(orders, companies)
    buys = pl.Series(rng.random(frame.height) < 0.5)  # noqa: PLR2004 - half of the time
    frame = keyed(rng, frame.with_columns(pl.when(buys).then("org_key").alias("org_key")), records, stray="")
    local = {
        name: pl.col(name).dt.convert_time_zone(_OSLO).dt.strftime("%Y-%m-%d")
        for name in ("promised_at", "delivered_at")
    }
    return frame.select(
        order_no=_numbered(frame.height, 4_000_001),
        customer_no="key",
        company="org_key",
        order_date=pl.col("at").dt.convert_time_zone(_OSLO).dt.strftime("%Y-%m-%d %H:%M:%S"),
        state=pl.col("status").replace_strict(_STATES),
        total=_amount("amount_minor", "."),
        curr="currency",
        items=pl.col("item_count").cast(pl.String),
        channel="channel",
        promised_on=local["promised_at"],
        delivered_on=pl.when(pl.col("status") != "cancelled").then(local["delivered_at"]),
    )


def support_tickets(seed: int, tickets: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Write the tickets; the desk keeps the tone to itself (`truth` has it)."""
    frame = keyed(stream(seed, "support tickets"), tickets, records)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return frame.select(
        id=pl.lit("T") + _numbered(frame.height, 80_001),
        requester="key",
        opened=pl.col("at").dt.strftime(stamp),
        channel="channel",
        category="category",
        priority="priority",
        first_response=pl.col("first_response_at").dt.strftime(stamp),
        resolved=pl.col("resolved_at").dt.strftime(stamp),
        escalated="escalated",
        reopened="reopened",
        team="team",
        product="product",
        step="step",
        minutes="handling_minutes",
        agent="agent",
        lang="language",
        text="text",
    )


def support_replies(seed: int, tickets: pl.DataFrame, records: pl.DataFrame, *, until: datetime) -> pl.DataFrame:
    """Write what the desk answered in the last half-year, and what customers wrote back, under the tickets' numbers."""
    frame = keyed(stream(seed, "support tickets"), tickets, records)
    cases = frame.select(
        "at",
        "channel",
        "category",
        "tone",
        "team",
        "product",
        "step",
        "agent",
        case=pl.lit("T") + _numbered(frame.height, 80_001),
        requester="key",
        lang="language",
    ).filter(pl.col("at") >= until - ANSWERS_OF, pl.col("requester").is_not_null())
    found = replies_of(seed, cases, planted=1.0).filter(pl.col("sent") < until)
    return found.select(
        id=pl.lit("R") + pl.col("number").cast(pl.String),
        case="case",
        requester="requester",
        sent=pl.col("sent").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        direction="direction",
        channel="channel",
        lang="lang",
        team="team",
        product="product",
        step="step",
        agent="agent",
        text="text",
    )


def product_usage(seed: int, usage: pl.DataFrame, records: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Write the product's events, typed: this system exports Parquet. Users are known by their CRM number."""
    rng = stream(seed, "product usage")
    frame = keyed(rng, _with_company(usage, companies), records, stray="K-")
    return frame.select(
        event_id=pl.Series(np.arange(1, frame.height + 1)),
        user_ref="key",
        org_ref="org_key",
        at="at",
        kind="kind",
        feature="feature",
        count=pl.col("count").cast(pl.Int32),
        seconds=pl.col("seconds").cast(pl.Int32),
        error_type="error_type",
        severity="severity",
    )


def product_subscriptions(
    seed: int, subscriptions: pl.DataFrame, records: pl.DataFrame, companies: pl.DataFrame
) -> pl.DataFrame:
    """Write the changes of subscriptions, with a decimal comma."""
    rng = stream(seed, "product subscriptions")
    # one reference per subscriber: the entity in another order, so that it tells nothing
    entities = subscriptions["entity"].unique().sort()
    references = pl.DataFrame({"entity": entities, "ref": 300_001 + rng.permutation(len(entities))})
    frame = _with_company(subscriptions, companies).join(references, on="entity", how="left", maintain_order="left")
    frame = keyed(rng, frame, records)
    stamp = "%Y-%m-%d %H:%M:%S"
    return frame.select(
        subscription=pl.lit("S") + pl.col("ref").cast(pl.String),
        user_ref="key",
        org_ref="org_key",
        at=pl.col("at").dt.strftime(stamp),
        kind="kind",
        plan="plan",
        seats=pl.col("seats").cast(pl.String),
        seat_limit=pl.col("seat_limit").cast(pl.String),
        modules="modules",
        ends_at=pl.col("ends_at").dt.strftime(stamp),
        monthly=_amount("monthly_amount_minor", ","),
        currency="currency",
    )


def newsletter_contacts(contacts: pl.DataFrame) -> pl.DataFrame:
    """Write what became of the messages; `contacts` has the reader's `subscriber` key."""
    return contacts.select(
        contact_id=_numbered(contacts.height, 1),
        subscriber="subscriber",
        campaign="campaign",
        kind="kind",
        variant="variant",
        at=pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S"),
    )


def _with_company(events: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Add the employer's CRM key as `org_key` (`companies`: entity, org_key)."""
    return events.join(companies, on="entity", how="left", maintain_order="left")


def _numbered(count: int, first: int) -> pl.Series:
    return pl.Series(np.arange(first, first + count)).cast(pl.String)


def _amount(name: str, decimal: str) -> pl.Expr:
    """Write whole minor units as a decimal number."""
    minor = pl.col(name)
    return pl.format("{}{}{}", minor // 100, pl.lit(decimal), (minor % 100).cast(pl.String).str.zfill(2))
