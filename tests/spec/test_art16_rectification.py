"""Article 16: inaccurate personal data are put right without undue delay, and incomplete data completed."""

from hub.requests.rectifying import correct
from privacy.request import Right
from tests.request_builders import Office


def test_art16_what_is_wrong_is_put_right_and_stays_right(desk: Office) -> None:
    """A later delivery of the wrong value does not bring it back; a value never told before is news."""
    request = desk.started("shop:k3", Right.RECTIFICATION)
    assert correct(desk.hub, request.request_id, {"full_name": "Cecilie Dahl"}, desk.dpo) == 1
    desk.people("k3,cia  DAHL,cia@new.example.org,+4790012347,2025-01-01,yes")
    (told,) = desk.told("shop:k3")["identity"]
    assert (told["attributes"]["full_name"], told["attributes"]["email"]) == ("Cecilie Dahl", "cia@new.example.org")
    assert told["corrected"] == ["full_name"]


def test_art16_what_is_missing_is_completed(desk: Office) -> None:
    """A detail that no source has is held by the record from then on."""
    request = desk.started("shop:k3", Right.RECTIFICATION)
    correct(desk.hub, request.request_id, {"city": "Tromsø"}, desk.dpo)
    (told,) = desk.told("shop:k3")["identity"]
    assert told["attributes"]["city"] == "Tromsø"
