"""Imports every module that declares control-database tables, so that the metadata is whole."""

import privacy.tables.audit
import privacy.tables.consent
import privacy.tables.epoch
import privacy.tables.erasure
import privacy.tables.policy
import privacy.tables.principal  # noqa: F401 - imported for their effect on the metadata
