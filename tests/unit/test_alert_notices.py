"""What colleagues are told when an alert waits, in each language of ours."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.alerts import rules
from hub.alerts.notice import notice
from hub.errors import SettingsInvalid
from privacy.purposes import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_in_the_language_that_the_rule_names(language: str) -> None:
    at = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    told = notice(language, "safety", when=(at, at + timedelta(hours=1)), owner="the desk", short="5d0a47a3")
    assert told.subject.endswith(", 5d0a47a3")
    assert told.late.endswith(told.subject)
    for value in ("2026-05-04 08:30", "2026-05-04 09:30", "the desk", "varde voice alerts acknowledge 5d0a47a3"):
        assert value in told.body
    assert len({notice(each, "legal", when=(at, at), owner="-", short="-").body for each in LANGUAGES}) == 5


def test_a_rule_of_a_language_that_nobody_speaks_is_refused_and_one_without_is_english() -> None:
    assert rules.rules_from(rules.shipped_text().replace("  language: en\n", ""))["legal"].language == "en"
    with pytest.raises(SettingsInvalid, match="language is one of"):
        rules.rules_from(rules.shipped_text().replace("language: en", "language: xx", 1))
