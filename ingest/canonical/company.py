"""Projects, who looks after whom, and what is known about the calendar and the market."""

from typing import Final

import polars as pl

from ingest.canonical.column import NOBODY, code, employee, instant, number, reference
from ingest.canonical.table import Buckets, Column, Erasure, KeepDays, Table

PROJECTS: Final = Table(
    "projects",
    "a phase or milestone of a customer's project",
    (
        reference("project_ref", "the project"),
        code("phase", "phase of the project"),
        code("milestone", "milestone that was reached"),
        instant("go_live_at", "agreed go-live"),
        instant("ends_at", "agreed end"),
    ),
    KeepDays(1825),
    Erasure.CLEAR_PERSON,
    Buckets.FEW,
)

ACCOUNT_TEAM: Final = Table(
    "account_team",
    "who looked after whom; event_time is the start",
    (
        employee("the employee"),
        code("role", "role towards the customer"),
        instant("until", "end; null while running"),
    ),
    KeepDays(1095),
    Erasure.CLEAR_PERSON,
    Buckets.FEW,
)

CALENDAR: Final = Table(
    "calendar",
    "company and customer events known in advance: release, launch, payroll, quarter end, holiday",
    (
        Column("kind", pl.String(), NOBODY, "code", "kind of event", required=True),
        code("code", "which one", NOBODY),
        instant("ends_at", "end; null for an instant", NOBODY),
    ),
    KeepDays(3650),
    Erasure.CLEAR_PERSON,
    Buckets.ONE,
    needs_customer=False,
)

CONTEXT: Final = Table(
    "context",
    "industry index, competitor and regulation events: no personal data",
    (
        Column("kind", pl.String(), NOBODY, "code", "kind of event or index", required=True),
        code("industry_code", "NACE section or code it concerns", NOBODY),
        number("value", "index points", "value of the index", NOBODY),
    ),
    KeepDays(3650),
    Erasure.CLEAR_PERSON,
    Buckets.ONE,
    needs_customer=False,
)
