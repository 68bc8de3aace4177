"""What customers did: usage, campaigns, journeys, and how it ended."""

from typing import Final

from ingest.canonical.column import code, instant, one_of, redacted_text, truth, whole
from ingest.canonical.table import Buckets, Erasure, KeepDays, Table

USAGE: Final = Table(
    "usage",
    "logins, feature use, session time and errors met",
    (
        one_of("kind", "what was used", "login", "feature", "session", "error"),
        code("feature", "the feature's code"),
        whole("count", "times", "how often"),
        whole("seconds", "seconds", "how long"),
        code("error_type", "class of the error"),
        code("severity", "the product's own severity"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.MANY,
)

CAMPAIGN_CONTACTS: Final = Table(
    "campaign_contacts",
    "one message of a campaign and what became of it",
    (
        code("campaign", "the campaign's code"),
        code("channel", "e-mail, letter, sms"),
        one_of(
            "kind",
            "what happened",
            "sent",
            "delivered",
            "bounced",
            "opened",
            "clicked",
            "replied",
            "unsubscribed",
        ),
        code("variant", "which variant of a test"),
    ),
    KeepDays(730),
    Erasure.DELETE_ROW,
    Buckets.MANY,
)

JOURNEY_STEPS: Final = Table(
    "journey_steps",
    "a step from enquiry to after-sales; event_time is its start",
    (
        code("step", "enquiry, quote, order, delivery, after-sales"),
        instant("ended_at", "when the step ended; null while open"),
        truth("complete", "whether the step was completed"),
        code("team", "the team in charge"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)

OUTCOMES: Final = Table(
    "outcomes",
    "how a relation ended or changed and the reason that was stated",
    (
        code("kind", "lost, won_back, kept, referred"),
        code("reason_code", "the stated reason's code"),
        *redacted_text("the stated reason, redacted"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)
