"""What has moved, as a picture: a bar each, in the colour of its light."""

import pytest

from predict.churn.declaration import CHURN
from predict.drift_page import html, rows
from predict.telling.teller import teller_of

SHIFT = {"name": "score", "psi": 0.05, "by_chance": 0.02, "light": "green"}
TOLD = {
    "customers": 900,
    "score": SHIFT,
    "inputs": [SHIFT | {"name": "<silence>", "psi": 3.0, "light": "red"}],
    "calibration": {"seen": 40.0, "foretold": 55.2, "light": "amber"},
}


def test_each_input_has_a_bar_and_long_ones_end_at_the_edge() -> None:
    page = html(TOLD, ("recalibrate",), teller_of(CHURN))
    assert page.count("<rect") == 2
    assert '<rect class="red" x="330" y="48" width="360.0"' in page
    assert '<rect class="green" x="330" y="24" width="36.0"' in page
    assert "&lt;silence&gt;" in page
    assert "<silence>" not in page
    assert "Due now: recalibrate." in page
    assert "Foretold 55, seen 40: amber." in page


@pytest.mark.parametrize("calibration", [{}, {"calibration": None}])
def test_without_a_profile_and_without_outcomes_it_says_so(calibration: dict[str, None]) -> None:
    page = html({"customers": 0, "score": None, "inputs": []} | calibration, (), teller_of(CHURN))
    assert "before it kept" in page
    assert "Due now: nothing." in page
    assert "No outcome is known yet" in page


def test_the_lines_of_a_terminal_are_in_the_language_too() -> None:
    told = TOLD | {"inputs": [SHIFT | {"name": "silence", "label": "Stillhet", "light": "red"}]}
    assert rows(told, teller_of(CHURN, "nb")) == [
        ("skår", "0,050", "0,020", "grønt"),
        ("Stillhet", "0,050", "0,020", "rødt"),
    ]
