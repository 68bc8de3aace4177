"""What a policy says of the tables that one purpose reads, as a hash: how long rows are seen, beside the decision.

Rules of other tables and other purposes are left out, so that only what can change a read's rows changes the hash.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict

from privacy.purposes import Policy
from privacy.retention import OF_PERSON


def reach_hash(policy: Policy, purpose: str, tables: Collection[str], *, redacted: Collection[str] = ()) -> bytes:
    """Return the SHA-256 of the rules by which rows of some tables are over for a purpose.

    `redacted` names the columns of redacted text that are read, if any: how good a redactor has to be is a rule of
    theirs.
    """
    rules = [each for each in policy.retention if each.table in tables and each.purpose in {None, purpose}]
    laws = [each for each in policy.statutory_holds if each.purpose == purpose and each.tables & set(tables)]
    of_person = any(rule.starts in OF_PERSON for rule in rules)
    reached: dict[str, object] = {
        "rules": sorted(_plain(asdict(each)) for each in rules),
        "laws": sorted(_plain(asdict(each) | {"tables": sorted(each.tables)}) for each in laws),
        "books": _plain(asdict(policy.bookkeeping)) if laws else "",
        "contacts": sorted(_plain(asdict(each)) for each in policy.contact_events) if of_person else [],
    }
    if redacted:  # left out where no text is read: the hash of every other view stays what it was
        reached["redactor"] = policy.minimum_redactor_version
    return hashlib.sha256(_plain(reached).encode()).digest()


def _plain(content: Mapping[str, object]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=_text)


def _text(value: object) -> str:
    return ",".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
