"""Every canonical event table by name."""

from typing import Final

from ingest.canonical.behaviour import CAMPAIGN_CONTACTS, JOURNEY_STEPS, OUTCOMES, USAGE
from ingest.canonical.commerce import ORDER_LINES, ORDERS, PAYMENTS, SUBSCRIPTIONS
from ingest.canonical.company import ACCOUNT_TEAM, CALENDAR, CONTEXT, PROJECTS
from ingest.canonical.contact_traces import CONTACT_TRACES
from ingest.canonical.equipment import ASSET_READINGS, ASSETS, SERVICE_EVENTS
from ingest.canonical.profiles import PROFILES
from ingest.canonical.scores import SCORE_ACTS, SCORES, SUGGESTIONS, WINBACK_ACTS
from ingest.canonical.snapshots import SNAPSHOTS
from ingest.canonical.support import FEEDBACK, MESSAGES, TICKETS
from ingest.canonical.table import Table

TABLES: Final = {
    table.name: table
    for table in (
        PROFILES,
        ORDERS,
        ORDER_LINES,
        PAYMENTS,
        SUBSCRIPTIONS,
        USAGE,
        TICKETS,
        MESSAGES,
        FEEDBACK,
        ASSETS,
        ASSET_READINGS,
        SERVICE_EVENTS,
        CAMPAIGN_CONTACTS,
        OUTCOMES,
        PROJECTS,
        JOURNEY_STEPS,
        ACCOUNT_TEAM,
        CALENDAR,
        CONTEXT,
    )
}


LAKE_TABLES: Final = {
    **TABLES,
    **{table.name: table for table in (SCORES, SCORE_ACTS, SUGGESTIONS, WINBACK_ACTS, SNAPSHOTS, CONTACT_TRACES)},
}
"""What the lake holds: the canonical tables, and what the hub derives from them."""


def table_of(name: str) -> Table:
    """Return a canonical table by name: one that a contract may map onto.

    Raises:
        KeyError: there is no such table.

    """
    return TABLES[name]


def lake_table_of(name: str) -> Table:
    """Return a table of the lake by name.

    Raises:
        KeyError: there is no such table.

    """
    return LAKE_TABLES[name]
