"""What the ERP exports of orders, their lines and their invoices: under the customer and company of the order."""

import polars as pl

_OSLO = "Europe/Oslo"


def erp_order_lines(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Write the lines; `orders` is the ERP's own table, whose rows `lines` number."""
    frame = _of_order(orders, lines)
    return frame.select(
        "order_no",
        line_no=pl.col("line").cast(pl.String),
        customer_no="customer_no",
        company="company",
        order_date="order_date",
        article="product",
        group="category",
        qty=pl.col("quantity").cast(pl.String),
        total=_signed_amount("amount_minor"),
        curr="currency",
    )


def erp_invoices(orders: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Write the invoices, dated as the order."""
    stamp = "%Y-%m-%d %H:%M:%S"
    frame = _of_order(orders, payments)
    return frame.select(
        invoice_no=pl.lit("F") + pl.col("order_no"),
        order_no="order_no",
        customer_no="customer_no",
        company="company",
        invoiced="order_date",
        due=pl.col("due_at").dt.convert_time_zone(_OSLO).dt.strftime(stamp),
        paid=pl.col("paid_at").dt.convert_time_zone(_OSLO).dt.strftime(stamp),
        total=_signed_amount("amount_minor"),
        curr="currency",
    )


def _of_order(orders: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the order's own number, date and customer beside what belongs to it."""
    heads = orders.select("order_no", "customer_no", "company", "order_date")
    return pl.concat([heads[rows["order"]], rows.drop("entity", "at", "order")], how="horizontal")


def _signed_amount(name: str) -> pl.Expr:
    """Write whole minor units, which may be below zero, with a decimal point."""
    minor = pl.col(name)
    whole, rest = minor.abs() // 100, (minor.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}{}.{}", pl.when(minor < 0).then(pl.lit("-")).otherwise(pl.lit("")), whole, rest)
