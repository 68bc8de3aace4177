"""What the field service exports: machines, their readings and visits, under the CRM numbers of their owners."""

import polars as pl

from hub.demo.machines import Machines

_STAMP = "%Y-%m-%d %H:%M:%S"


def field_tables(machines: Machines, firm_keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Write the three exports; `firm_keys` has organisation, key and which of two keys is `first`."""
    owners = firm_keys.filter(pl.col("first")).select("organisation", customer="key")
    assets, readings, services = (
        frame.join(owners, on="organisation", how="left", maintain_order="left").with_columns(
            machine=pl.format("M-{}", pl.col("machine") + 1001)
        )
        for frame in (machines.assets, machines.readings, machines.services)
    )
    return {
        "field_machines": assets.select(
            "machine",
            "customer",
            "model",
            installed=pl.col("at").dt.strftime("%Y-%m-%d"),
            warranty=pl.col("warranty_ends_at").dt.strftime("%Y-%m-%d"),
            window="service_window",
        ),
        "field_readings": readings.select("machine", "customer", "at", "metric", "value", "unit"),
        "field_visits": services.select(
            visit=pl.lit("V") + pl.int_range(1, services.height + 1).cast(pl.String),
            machine="machine",
            customer="customer",
            day=pl.col("at").dt.strftime(_STAMP),
            kind="kind",
            part="part",
            skill="skill",
            minutes=pl.col("duration_minutes").cast(pl.String),
        ),
    }
