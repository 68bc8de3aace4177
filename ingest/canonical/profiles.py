"""Attributes of a customer that do not identify, versioned by `event_time` = valid from."""

from typing import Final

import polars as pl

from ingest.canonical.column import QUASI, code
from ingest.canonical.table import Buckets, Column, Erasure, KeepDays, Table

PROFILES: Final = Table(
    "profiles",
    "non-identifying attributes of a customer, valid from event_time until the next row",
    (
        code("country", "ISO 3166-1 alpha-2 of the customer", QUASI),
        code("language", "ISO 639-1 the customer is written to in", QUASI),
        code("segment", "the source's own customer group", QUASI),
        code("postcode_area", "first digits of the postcode, never all of it", QUASI),
        code("company_size_band", "band of the number of employees", QUASI),
        code("industry_code", "NACE section or code", QUASI),
        Column(
            "contract_length_months",
            pl.Int32(),
            QUASI,
            "months",
            "length of the running contract",
            minimum=0,
        ),
        code("contact_role_band", "band of a contact person's role", QUASI),
        Column("customer_since", pl.Date(), QUASI, "date", "first day as a customer"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)
