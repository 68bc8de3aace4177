"""Imports every module that declares control-database tables, so that the metadata is whole."""

import hub.instance.tables
import hub.lake.tables
import hub.predictions.tables
import hub.views.tables
import ingest.tables.batch
import ingest.tables.identity
import ingest.tables.record
import privacy.tables.audit
import privacy.tables.consent
import privacy.tables.epoch
import privacy.tables.erasure
import privacy.tables.policy
import privacy.tables.principal  # noqa: F401 - imported for their effect on the metadata
