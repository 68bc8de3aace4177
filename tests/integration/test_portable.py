"""What somebody takes along: what they gave and wrote themselves, and a word on all that stays and why."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.requests.export import Form
from hub.requests.words import word
from tests.builders import FixedClock
from tests.integration.test_export import put
from tests.request_builders import HEAD, MESSAGES, PEOPLE, Office, copied, of_the_present_set


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def test_what_was_given_on_consent_goes_along_and_what_stays_is_told(small: Office) -> None:
    """Eva said yes to the web shop and nothing to the club; neither contract declares consent or contract."""
    person = "Eva Berg,eva.berg@example.org,+4790012350,2025-01-01,"
    interests = PEOPLE.replace(", winback: consent, service: contract", "")
    for source, row in (("web", f"w1,{person}yes"), ("club", f"b1,{person}")):
        small.deliver(interests.replace("shop", source), HEAD, row)
    words = "Eva Berg her. Ola Hansen (ola.hansen@firma.no) svarte ikke."
    row = f"m1,2025-02-01T10:00:00Z,w1,I,{words}"
    small.deliver(MESSAGES.replace("source: shop", "source: web"), "message,at,who,way,body", row)
    eva = bytes(small.record("web:w1"))
    figures = {"module": "churn", "probability": 0.5, "low": 0.4, "high": 0.6}
    put(small, "scores", person=eva, **figures, **of_the_present_set(small, "web:w1", "scores"))
    put(small, "messages", person=eva, direction="in", text_redacted="[NAME_1] ringte")
    put(small, "messages", person=bytes(small.record("shop:k3")), employee=eva)
    put(small, "feedback", person=eva, score=9)
    archive = zipfile.ZipFile(io.BytesIO(small.exported("web:w1", Form.PORTABLE)))
    data = json.loads(archive.read("data.json"))
    assert [(each["source"], each["full_name"]) for each in data["identity"]] == [("web", "Eva Berg")]
    (text,) = [row["text"] for row in data["tables"]["messages"] if "text" in row]
    assert text.startswith("Eva Berg her. […] ([…])")
    stays = {each["what"]: (each["rows"], each["why"]) for each in data["left_out"]}
    assert stays["scores"] == (1, word("left_out", "derived", "en"))
    assert stays["messages"] == (1, word("left_out", "colleague", "en"))
    assert stays["messages: text"] == (1, word("left_out", "words", "en"))
    assert stays["identity: club"] == (1, word("left_out", "ground", "en"))
    assert "feedback: text" not in stays, "nothing was written there"
    assert "left_out.csv" in archive.namelist()
    assert not any("Hansen" in archive.read(name).decode() for name in archive.namelist())
