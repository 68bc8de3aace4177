"""Alerts on PostgreSQL: a company's own words, and what a merge of two customers and its undoing do to them."""

from collections.abc import Iterator

import pytest

from hub.alerts import desk, own_words
from hub.alerts.raising import Looked
from hub.alerts.store import AlertState, Closing
from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused, SettingsInvalid
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests.alert_builders import HARMLESS, THREAT, Watched, watched
from tests.builders import Postgres
from tests.integration.test_gateway_fence import entity_of, merge

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def here(_postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("alerts"), _postgres_server.home_databases()) as found:
        yield found
    _postgres_server.drop_all()


def shown(here: Watched) -> dict[bytes, bytes]:
    """Give the pseudonym of each alert that stands and may be shown."""
    return {one.alert_id: one.pseudonym for one in desk.listed(here.hub, here.company.owner).alerts}


def test_alerts_are_raised_once_listed_and_closed(here: Watched) -> None:
    here.arrives(("p0", THREAT), ("p1", HARMLESS))
    assert here.looks() == Looked(messages=2, raised=1)
    assert here.looks() == Looked()
    (alert,) = here.alerts_of("p0")
    assert (alert.said.kinds, alert.state) == (("leaving",), AlertState.OPEN)
    desk.acknowledge(here.hub, here.company.owner, alert.alert_id)
    desk.close(here.hub, here.company.owner, alert.alert_id, Closing.ACTED)
    with pytest.raises(AccessRefused, match="no_such_alert"):
        desk.close(here.hub, here.company.owner, alert.alert_id, Closing.FALSE_ALARM)
    assert not desk.listed(here.hub, here.company.owner).alerts
    (closed,) = here.alerts_of("p0")
    assert (closed.state, closed.outcome) == (AlertState.CLOSED, Closing.ACTED.value)


def test_an_alert_follows_its_record_and_whoever_of_the_merged_said_no_hides_it(here: Watched) -> None:
    here.arrives(("p2", THREAT), ("p3", THREAT))
    here.looks()
    (mine,), (other,) = here.alerts_of("p2"), here.alerts_of("p3")
    before = {mine.alert_id: mine.pseudonym, other.alert_id: other.pseudonym}
    assert shown(here) == before
    moved, stays = here.record("p2"), here.record("p3")  # a merged customer is found by either name
    home = entity_of(here.hub, moved)
    merge(here.hub, moved, entity_of(here.hub, stays))
    assert shown(here) == dict.fromkeys(before, other.pseudonym)
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("satisfaction"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(stays,)), no, here.company.owner)
    assert not shown(here), "of several parts the most restrictive standing binds"
    with pytest.raises(AccessRefused, match="no_such_alert"):
        desk.acknowledge(here.hub, here.company.owner, mine.alert_id)
    here.arrives(("p2", THREAT))
    assert here.looks().raised == 0, "nor is one raised"
    merge(here.hub, moved, home)
    assert shown(here) == {mine.alert_id: mine.pseudonym}, "the no stays with whoever said it"


def test_a_companys_own_words_raise_alerts_and_a_faulty_file_says_which_entry(here: Watched) -> None:
    file = here.hub.settings.home / own_words.FILE
    own = "themes:\n- {name: legal, kind: critical, words: {en: 'white flag', nb: 'hvitt flagg*'}}\n"
    here.arrives(("p20", "We hang out the white flag."))
    assert here.looks().raised == 0
    file.write_text(own + "- {name: leaving, kind: unless, words: {en: 'if this goes on'}}\n", encoding="utf-8")
    here.arrives(("p20", "We hang out the white flag."), ("p21", THREAT))
    here.looks()
    (alert,) = here.alerts_of("p20")
    assert (alert.said.kinds, alert.said.words) == (("legal",), ("white flag",))
    assert len(here.alerts_of("p21")) == 1, "what excuses a phrase shares a word with it"
    file.write_text(own.replace("legal", "legality"), encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=r"themes\.yaml: line 2, legality"):
        here.looks()
    file.unlink()
