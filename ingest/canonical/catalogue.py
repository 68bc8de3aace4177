"""Every canonical event table by name."""

from typing import Final

from ingest.canonical.behaviour import CAMPAIGN_CONTACTS, JOURNEY_STEPS, OUTCOMES, USAGE
from ingest.canonical.commerce import ORDER_LINES, ORDERS, PAYMENTS, SUBSCRIPTIONS
from ingest.canonical.company import ACCOUNT_TEAM, CALENDAR, CONTEXT, PROJECTS
from ingest.canonical.equipment import ASSET_READINGS, ASSETS, SERVICE_EVENTS
from ingest.canonical.profiles import PROFILES
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


def table_of(name: str) -> Table:
    """Return a canonical table by name.

    Raises:
        KeyError: there is no such table.

    """
    return TABLES[name]
