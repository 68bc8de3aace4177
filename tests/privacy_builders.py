"""Builders for the law's tests: a purpose, a standing and a policy pack that permit, each field open to change."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from privacy.consent import ConsentEvent
from privacy.decision import Standing
from privacy.purposes import LANGUAGES, Purpose, PurposeText
from privacy.terms import (
    ActChannel,
    ConsentAct,
    ConsentState,
    DataCategory,
    DomainName,
    LegalBasis,
    PurposeId,
)

NOTICE = "privacy-2025-01"

_PURPOSE = Purpose(
    id=PurposeId("winback"),
    version=1,
    legal_basis=LegalBasis.CONSENT,
    texts={language: PurposeText(f"name {language}", f"description {language}") for language in LANGUAGES},
    data_categories=frozenset({DataCategory.BEHAVIOUR}),
    tables=frozenset({"orders"}),
    recipients=frozenset({"customer success"}),
    retention_days=365,
    automated_decision=False,
    direct_marketing=False,
    domain=DomainName("winback"),
    lia_ref="LIA-1",
    dpia_ref="DPIA-1",
    notice_version=NOTICE,
    accepted_notices=frozenset({NOTICE}),
)

_STANDING = Standing(
    state=ConsentState.GIVEN,
    objected=False,
    restricted=False,
    ground_declared=True,
    notice_current=True,
    readable=True,
)


def a_purpose(**changes: Any) -> Purpose:
    """A purpose on consent, not marketing, not automated."""
    return replace(_PURPOSE, **changes)


def a_standing(**changes: Any) -> Standing:
    """A standing that every basis permits."""
    return replace(_STANDING, **changes)


def on(day: int) -> datetime:
    """Noon of a day of March 2025."""
    return datetime(2025, 3, day, 12, tzinfo=UTC)


def an_act(act: ConsentAct, day: int, channel: ActChannel = ActChannel.PAGE, **more: Any) -> ConsentEvent:
    """One act at noon of a day in March 2025, under today's notice."""
    return ConsentEvent(act=act, at=on(day), channel=channel, **{"notice_version": NOTICE} | more)


def a_pack() -> dict[str, Any]:
    """A policy pack with every field in use, as YAML would give it."""
    texts = {language: {"name": "Churn", "description": "Who may leave."} for language in LANGUAGES}
    churn = {
        "version": 2,
        "legal_basis": "legitimate_interests",
        "texts": texts,
        "data_categories": ["behaviour", "quasi_identifier"],
        "tables": ["orders", "usage"],
        "recipients": ["customer success"],
        "retention_days": 730,
        "automated_decision": False,
        "direct_marketing": False,
        "domain": "churn",
        "lia_ref": "LIA-2025-01",
        "dpia_ref": None,
        "notice_version": NOTICE,
        "accepted_notices": [NOTICE, "privacy-2024-06"],
    }
    winback = {
        "version": 1,
        "legal_basis": "consent",
        "texts": texts,
        "data_categories": ["behaviour"],
        "tables": ["orders"],
        "retention_days": 365,
        "direct_marketing": True,
        "notice_version": NOTICE,
    }
    return {
        "version": 3,
        "minimum_redactor_version": 2,
        "purposes": {"churn": churn, "winback": winback},
        "retention": [
            {"table": "usage", "data_category": "behaviour", "days": 730},
            {
                "table": "orders",
                "data_category": "behaviour",
                "days": 1826,
                "starts": "event_time",
                "statutory": "bokføringsloven § 13",
            },
        ],
    }
