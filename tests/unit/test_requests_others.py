"""What was written about one person, without the others: their own stays, whoever else is named goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.requests.others import GONE, without_others

OWN = ["Kari Nordmann", "kari@example.org", "+4790012345"]


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("Jeg heter Kari Nordmann, tlf 900 12 345.", "Jeg heter Kari Nordmann, tlf 900 12 345."),
        ("Snakket med Ola Hansen (ola.hansen@firma.no, 48123456).", f"Snakket med {GONE} ({GONE}, {GONE})."),
        ("Skriv til kari@example.org eller per@example.org.", f"Skriv til kari@example.org eller {GONE}."),
        ("Rechnung 17 ist offen.", "Rechnung 17 ist offen."),
    ],
)
def test_own_stays_and_others_go(told: str, left: str) -> None:
    assert without_others(told, OWN) == left


def test_two_names_side_by_side_part() -> None:
    left = without_others("Fra: Kari Nordmann Ola Hansen", OWN)
    assert "Kari Nordmann" in left
    assert "Hansen" not in left


def test_a_refused_row_keeps_its_shape() -> None:
    row = {"mail": "kari@example.org", "note": ["ring per@example.org", None, 3]}
    assert without_others(row, OWN) == {"mail": "kari@example.org", "note": [f"ring {GONE}", None, 3]}


@given(st.text(max_size=80))
def test_nothing_is_lost_but_what_is_marked(told: str) -> None:
    left = without_others(told, OWN)
    at = 0
    for part in left.split(GONE):
        at = told.index(part, at) + len(part)
