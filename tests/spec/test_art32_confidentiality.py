"""Article 32(1)(a): personal data are encrypted, each person's under a key of their own."""

import pytest

from privacy.errors import SealBroken
from privacy.sealing import open_sealed, seal
from tests.builders import CANARY, a_cell, a_key, an_id
from tests.canary.scanner import scan
from tests.request_builders import Office

NAMES = ("familien@example.org", "Kari Nordmann", "cia.dahl@example.org", "4790012347")


def test_art32_1a_nothing_that_was_taken_in_rests_in_clear(desk: Office) -> None:
    """No name, address or number is readable in any file of a home, in whatever common form it is looked for."""
    clear = desk.folder / "clear.csv"
    desk.people("k9,Kari Nordmann,familien@example.org,+4790012347,2025-01-01,")
    clear.write_text("Kari Nordmann", encoding="utf-8")
    assert scan([clear], NAMES), "what is in clear would be found"
    assert scan([desk.hub.settings.home], NAMES) == []


def test_art32_1a_a_value_opens_in_its_own_place_under_its_own_key_only() -> None:
    """A sealed value that is moved to another person's row, or tried with another key, does not open."""
    key, cell = a_key(), a_cell()
    sealed = seal(CANARY.encode(), key=key, cell=cell)
    assert open_sealed(sealed, key=key, cell=cell) == CANARY.encode()
    for other, place in (
        (a_key(2), cell),
        (key, a_cell(row=an_id(10))),
        (key, a_cell(field=2)),
        (key, a_cell(revision=2)),
    ):
        with pytest.raises(SealBroken):
            open_sealed(sealed, key=other, cell=place)
