"""What is wrong in the exports besides disagreement: rows that no contract lets in, and rows that are there twice.

A bad row is a copy of a good one with a key of its own and one fault, so that a refused row never costs a good one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import stream

BAD_ROWS_PER_FAULT: Final = 3
DUPLICATE_SHARE: Final = 0.002
_BAD_KEY: Final = "X"

_FAULTS: Final[dict[str, tuple[str, tuple[dict[str, str | float | None], ...]]]] = {
    "crm_people": (
        "kontakt_id",
        (
            {"kontakt_id": None},
            {"fodselsdato": "31.02.1980"},
            {"oppdatert": "45.13.2025 12:00"},
            {"reservert": "kanskje"},
        ),
    ),
    "crm_organisations": ("org_id", ({"org_id": None}, {"kunde_siden": "30.02.2020"}, {"avtale_mnd": "tolv"})),
    "erp_customers": ("customer_no", ({"customer_no": None}, {"born": "1975-04-31"}, {"no_profiling": "9"})),
    "erp_orders": (
        "order_no",
        (
            {"order_no": None},
            {"order_date": "2025-02-31 10:00:00"},
            {"curr": "XBT"},
            {"total": "-120.00"},
            {"total": "1 200,00"},
            {"state": "Q"},
            {"customer_no": None, "company": None},
        ),
    ),
    "support_people": ("requester_id", ({"requester_id": None}, {"created_at": "2025-02-31T08:00:00Z"})),
    "support_tickets": (
        "id",
        ({"id": None}, {"requester": None}, {"opened": "2025-06-31T08:00:00Z"}, {"opened": None}),
    ),
    "support_replies": ("id", ({"id": None}, {"requester": None}, {"direction": "sideways"}, {"sent": None})),
    "product_usage": (
        "event_id",
        ({"event_id": None}, {"at": None}, {"kind": "teleport"}, {"user_ref": None, "org_ref": None}),
    ),
    "product_subscriptions": (
        "subscription",
        ({"subscription": None}, {"currency": "XAU"}, {"at": "2025-02-31 08:00:00"}, {"seats": "-3"}),
    ),
    "erp_order_lines": (
        "line_no",
        ({"order_no": None}, {"curr": "XBT"}, {"total": "1 200,00"}, {"qty": "two"}),
    ),
    "erp_invoices": ("invoice_no", ({"invoice_no": None}, {"due": "2025-02-31 00:00:00"}, {"curr": "XBT"})),
    "crm_journeys": ("steg_id", ({"steg_id": None}, {"start": "31.02.2025 10:00:00"}, {"ferdig": "kanskje"})),
    "crm_projects": ("prosjekt", ({"prosjekt": None}, {"slutt": "31.02.2025 10:00:00"})),
    "crm_outcomes": ("utfall_id", ({"utfall_id": None}, {"dato": None})),
    "survey_answers": ("answer_id", ({"answer_id": None}, {"survey": "mood"}, {"score": "seven"})),
    "field_machines": ("machine", ({"machine": None}, {"installed": "2019-02-31"})),
    "field_readings": ("machine", ({"machine": None}, {"at": None}, {"customer": None}, {"value": float("inf")})),
    "field_visits": ("visit", ({"visit": None}, {"day": "2025-02-31 08:00:00"}, {"minutes": "-30"})),
    "newsletter": ("subscriber", ({"subscriber": None}, {"winback_ok": "perhaps"}, {"signup": "2025-02-31"})),
    "newsletter_contacts": ("contact_id", ({"contact_id": None}, {"kind": "beamed"}, {"subscriber": None})),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One export with its faults: `rows` in all, of which `bad` are refused and `duplicates` are exact repetitions."""

    frame: pl.DataFrame
    bad: int
    duplicates: int


def with_faults(seed: int, name: str, frame: pl.DataFrame) -> Delivery:
    """Put bad rows and repetitions of good rows at random places."""
    rng = stream(seed, f"faults {name}")
    if frame.is_empty():
        return Delivery(frame=frame, bad=0, duplicates=0)
    bad = _bad_rows(rng, name, frame)
    repeats = int(np.ceil(frame.height * DUPLICATE_SHARE))
    again = frame[pl.Series(rng.choice(frame.height, repeats, replace=False))]
    added = pl.concat([bad, again])
    place = np.concatenate([np.arange(frame.height, dtype=np.float64), rng.uniform(0, frame.height, added.height)])
    whole = pl.concat([frame, added])[pl.Series(np.argsort(place, kind="stable"))]
    return Delivery(frame=whole, bad=bad.height, duplicates=repeats)


def bad_rows_of(name: str) -> int:
    """Return how many bad rows an export of any size holds."""
    return len(_FAULTS[name][1]) * BAD_ROWS_PER_FAULT


def _bad_rows(rng: np.random.Generator, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    key, faults = _FAULTS[name]
    copies = frame[pl.Series(rng.integers(0, frame.height, len(faults) * BAD_ROWS_PER_FAULT))]
    copies = copies.with_columns(_own_keys(frame.schema[key], copies.height).alias(key))
    parts = []
    for number, fault in enumerate(faults):
        rows = copies.slice(number * BAD_ROWS_PER_FAULT, BAD_ROWS_PER_FAULT)
        values = [pl.lit(value, dtype=frame.schema[column]).alias(column) for column, value in fault.items()]
        parts.append(rows.with_columns(values))
    return pl.concat(parts)


def _own_keys(dtype: pl.DataType, count: int) -> pl.Series:
    """Return keys that no good row has."""
    if dtype.is_integer():
        return pl.Series(np.arange(-count, 0), dtype=dtype)
    return _BAD_KEY + pl.Series(np.arange(1, count + 1)).cast(pl.String)
