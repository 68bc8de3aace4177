"""Keeping notices: those of the policy in force, each once, for good."""

from collections.abc import Sequence

from hub.compose import Hub
from hub.finding import Finding, State
from hub.notices.notice import Notice, Teller, notice_of
from hub.requests.seat import seat_of
from privacy.audit import AuditFields
from privacy.store.notice import KeptNotice, NewNotice, keep_notices, kept_notices
from privacy.store.principal import Principal


def notices_now(hub: Hub) -> list[Notice]:
    """Write the notices of the policy in force, one a purpose."""
    settings = hub.settings
    teller = Teller(policy=hub.policy(), controller=settings.controller, authority=seat_of(settings.country).authority)
    return [notice_of(teller, purpose) for purpose in teller.policy.purposes]


def publish(hub: Hub, by: Principal) -> list[NewNotice]:
    """Keep the notices of the policy in force that are not kept yet; each is an audit entry."""
    proposed = [
        NewNotice(
            notice_hash=each.digest,
            purpose=each.purpose,
            purpose_version=each.purpose_version,
            notice_version=each.notice_version,
            texts=each.texts,
        )
        for each in notices_now(hub)
    ]
    with hub.unit_of_work() as session:
        new = keep_notices(session, proposed, by=by.principal_id, at=hub.clock())
        for each in new:
            fields = AuditFields(
                purpose=each.purpose, notice_version=each.notice_version, sha256=each.notice_hash.hex(), outcome="kept"
            )
            hub.audit(session, "notice.keep", by.principal_id, fields)
    return new


def unkept(hub: Hub) -> Finding:
    """Name the purposes of the policy in force whose notice, as it would be written now, nobody has kept."""
    with hub.reading() as session:
        there = {each.notice_hash for each in kept_notices(session)}
    missing = sorted(each.purpose for each in notices_now(hub) if each.digest not in there)
    if missing:
        remedy = "`varde notice keep`, then publish what `varde notice export` writes (Articles 13, 14)"
        return Finding("notices", State.WARNING, f"not kept as they stand: {', '.join(missing)}", remedy)
    if not hub.settings.controller:
        found = "the privacy notices do not say who is responsible"
        return Finding("notices", State.WARNING, found, "Set VARDE_CONTROLLER, then `varde notice keep`")
    return Finding("notices", State.OK, "the privacy notice of every purpose is kept as it stands")


def kept(hub: Hub, purpose: str | None = None) -> Sequence[KeptNotice]:
    """List the kept notices, oldest first."""
    with hub.reading() as session:
        return kept_notices(session, purpose)
