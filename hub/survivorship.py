"""Putting survivorship rules in force: one act, kept as a version and told to the audit log in the same transaction."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.compose import Hub
from ingest.errors import RulesInvalid
from ingest.store.survivorship import apply_rules, find_rules, sources_delivered
from ingest.survivorship.rules import Rules, document_of, written
from privacy.audit import AuditFields
from privacy.store.principal import Principal


def read_rules(path: Path) -> Mapping[str, Any]:
    """Read a document of rules from a file; what it says is not looked at yet.

    Raises:
        RulesInvalid: it cannot be read, or is no mapping in YAML.

    """
    try:
        return document_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise RulesInvalid("(top)", f"the file cannot be read ({type(exc).__name__})", "name a YAML file") from None


def rules_in_force(hub: Hub) -> Rules:
    """Return the rules by which golden records are made now."""
    with hub.reading() as session:
        return find_rules(session)


def put_rules_in_force(hub: Hub, document: Mapping[str, Any], by: Principal) -> Rules | None:
    """Let rules hold from the next golden record on; None if they hold already, and nothing is written.

    Raises:
        RulesInvalid: they break a rule, or bear a version that is not above the one in force.

    """
    with hub.unit_of_work() as session:
        rules = apply_rules(session, document, by=by.principal_id, at=hub.clock())
        if rules is not None:
            digest = hashlib.sha256(written(document).encode()).hexdigest()
            hub.audit(session, "survivorship.apply", by.principal_id, AuditFields(role=by.role, sha256=digest))
    return rules


def unknown_sources(hub: Hub, rules: Rules) -> list[str]:
    """Name the sources that rules rank and from which nothing ever came: as likely a slip of the pen as a new one."""
    with hub.reading() as session:
        return sorted(rules.sources - sources_delivered(session))
