"""Imports every module that declares control-database tables, so that the metadata is whole."""

from types import ModuleType
from typing import Final

from hub.alerts import tables as alerts
from hub.anchors import tables as anchors
from hub.identification import tables as identification
from hub.instance import tables as instance
from hub.lake import tables as lake
from hub.outbox import tables as outbox
from hub.predictions import tables as predictions
from hub.recipients import tables as recipients
from hub.retention import tables as retention
from hub.rotation import tables as rotation
from hub.views import tables as views
from hub.winback import tables as winback
from ingest.tables import batch, identity, match, record, survivorship
from privacy.tables import (
    attempt,
    audit,
    consent,
    contact,
    domain,
    epoch,
    erasure,
    ledger,
    notice,
    policy,
    principal,
    release_members,
    request,
    reveal,
    subject_token,
    suppression,
    unwrap,
)

MODULES: Final[tuple[ModuleType, ...]] = (
    *(alerts, anchors, identification, instance, lake, outbox, predictions, recipients, retention, rotation, views),
    winback,
    *(batch, identity, match, record, survivorship),
    *(attempt, audit, consent, contact, domain, epoch, erasure, ledger, notice, policy),
    *(principal, release_members, request, reveal, subject_token, suppression, unwrap),
)
"""Named, so that no tool takes an import for its effect to be unused."""
