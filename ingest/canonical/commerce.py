"""What was bought, owed and subscribed to."""

from typing import Final

import polars as pl

from ingest.canonical.column import BEHAVIOUR, code, instant, money, one_of, reference, whole
from ingest.canonical.table import Buckets, Column, Erasure, KeepDays, KeepStatutory, Table

BOOKKEEPING: Final = KeepStatutory(5, "Norwegian Bookkeeping Act section 13 (five years after the financial year)")

ORDERS: Final = Table(
    "orders",
    "an order that was placed, cancelled or returned",
    (
        reference("order_ref", "the order"),
        one_of("status", "what happened to the order", "placed", "cancelled", "returned"),
        *money("amount_minor", "total of the order, tax as the source has it"),
        whole("item_count", "items", "pieces in the order"),
        code("channel", "where it was placed: web, shop, phone"),
    ),
    BOOKKEEPING,
    Erasure.CLEAR_PERSON,
    Buckets.MANY,
)

ORDER_LINES: Final = Table(
    "order_lines",
    "one product of an order",
    (
        reference("order_ref", "the order"),
        code("product_code", "article number"),
        code("product_category", "the source's product group"),
        whole("quantity", "pieces", "pieces of the product"),
        *money("amount_minor", "total of the line"),
    ),
    BOOKKEEPING,
    Erasure.CLEAR_PERSON,
    Buckets.MANY,
)

PAYMENTS: Final = Table(
    "payments",
    "an invoice and when it was paid",
    (
        reference("order_ref", "the order"),
        instant("due_at", "when payment was due"),
        instant("paid_at", "when it was paid; null while open"),
        *money("amount_minor", "amount of the invoice"),
    ),
    BOOKKEEPING,
    Erasure.CLEAR_PERSON,
    Buckets.MANY,
)

SUBSCRIPTIONS: Final = Table(
    "subscriptions",
    "one change of a subscription",
    (
        reference("subscription_ref", "the subscription"),
        one_of("kind", "what changed", "started", "renewed", "upgraded", "downgraded", "cancelled", "ended"),
        code("plan", "the plan after the change"),
        whole("seats", "seats", "seats in use or bought"),
        whole("seat_limit", "seats", "seats the plan allows"),
        Column("modules", pl.String(), BEHAVIOUR, "semicolon list", "booked modules"),
        instant("ends_at", "when the running term ends"),
        *money("monthly_amount_minor", "price a month"),
    ),
    KeepDays(1825),
    Erasure.CLEAR_PERSON,
    Buckets.FEW,
)
