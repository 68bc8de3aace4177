"""Audit entries without a place, as an operator on PostgreSQL meets them."""

from privacy.store.audit import note_entries
from privacy.store.audit_arrival import count_arrivals
from tests.builders_audit import an_entry
from tests.conftest import HubFactory
from tests.integration.cli_desk import Desk


def test_verify_and_doctor_count_what_waits_and_only_acts_place_it(hub_factory: HubFactory) -> None:
    hub = hub_factory("postgres")
    env = {
        "VARDE_HOME": str(hub.settings.home),
        "VARDE_DATABASE_URL": hub.settings.database_url,
        "VARDE_KEYSTORE_URL": hub.settings.keystore_url,
    }

    def say(*words: str) -> str:
        ended = Desk(hub.settings.home.parent).spawn(*words, env=env)
        return " ".join((ended.stdout + ended.stderr).split())

    def waiting() -> int:
        with hub.reading() as session:
            return count_arrivals(session)

    say("audit", "log")  # notes this hour's login, which places whatever waits
    with hub.unit_of_work() as session:
        note_entries(session, [an_entry(1, "consent.withdrawn")])
    assert "1 entries are committed and not in the tree yet" in say("audit", "verify")
    assert "1 audit entries wait for their" in say("doctor")
    assert waiting() == 1, "who only looks places nothing"
    assert '"consent.withdrawn"' in say("audit", "log", "--format", "json")
    assert waiting() == 0
