"""What may be kept only for days: quarantined rows and cleaned texts go when their time is over, their keys first."""

from ingest.pipeline.ports import Ports
from ingest.store import expiry
from privacy.audit import AuditFields
from privacy.terms import KeyId


def expire(ports: Ports) -> int:
    """Delete sealed texts and refused rows whose time is over (Article 5(1)(e)); return how many.

    The keys of texts go first: should a crash come between, the rows are closed already, and the next run takes them.
    The key of refused rows serves its whole batch, whose rows all expire together.
    """
    at = ports.clock()
    with ports.read_only() as session:
        keys = expiry.expired_keys(session, at=at)
    if keys:
        ports.keys.shred([KeyId(key_id) for key_id in keys])
        ports.reached("expired_keys_shredded")
    with ports.unit_of_work() as session:
        deleted = expiry.delete_expired(session, at=at)
        if deleted:
            fields = AuditFields(rows=deleted, reason="expired")
            ports.audit(session, "retention.run", ports.principal, fields)
    return deleted
