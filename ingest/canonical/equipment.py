"""Machines at the customer, their readings and their service."""

from typing import Final

from ingest.canonical.column import code, instant, number, reference, whole
from ingest.canonical.table import Buckets, Erasure, KeepDays, Table

ASSETS: Final = Table(
    "assets",
    "a machine or installation at a customer; event_time is its installation",
    (
        reference("asset_ref", "the machine"),
        code("model", "model code"),
        instant("warranty_ends_at", "end of the warranty"),
        code("service_window", "agreed hours of service"),
    ),
    KeepDays(3650),
    Erasure.CLEAR_PERSON,
    Buckets.FEW,
)

ASSET_READINGS: Final = Table(
    "asset_readings",
    "one measurement of a machine",
    (
        reference("asset_ref", "the machine"),
        code("metric", "what was measured"),
        number("value", "see `unit`", "the measurement"),
        code("unit", "unit of `value`"),
    ),
    KeepDays(1095),
    Erasure.CLEAR_PERSON,
    Buckets.MANY,
)

SERVICE_EVENTS: Final = Table(
    "service_events",
    "maintenance, repair or inspection of a machine",
    (
        reference("asset_ref", "the machine"),
        code("kind", "planned, repair, inspection"),
        code("part", "part that was changed"),
        code("skill", "skill that was needed"),
        whole("duration_minutes", "minutes", "time on site"),
    ),
    KeepDays(3650),
    Erasure.CLEAR_PERSON,
    Buckets.FEW,
)
