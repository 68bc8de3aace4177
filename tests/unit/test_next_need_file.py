"""Triggers as a file that a company edits: what is wrong is told by its line."""

import json

import pytest

from hub.predictions.triggers import columns_missing, first_triggers, read_triggers
from predict.errors import RuleRefused

FILE = """\
- name: seats_fill
  need: licences
  signs:
    - {feature: seat_fill, at_least: 0.9}
  words: {nb: "a {value}", nn: b, sv: c, en: d, de: e}
  told_by: [upgraded]

- name: second
  need: premium
  signs: [{feature: use_peak_28d, at_least: 0.5}]
  words: {nb: a, nn: b, sv: c, en: d, de: e}
"""


def test_what_is_printed_can_be_edited_and_read_back() -> None:
    assert read_triggers(json.dumps(first_triggers(), indent=2)) == first_triggers()
    assert [one["name"] for one in read_triggers(FILE)] == ["seats_fill", "second"]


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("need: premium", "ned: premium", "line 8", "unknown: ned"),
        ("  need: premium\n", "", "line 8", "missing: need"),
        ("[{feature: use_peak_28d, at_least: 0.5}]", "[]", "line 8", "a trigger has signs"),
        (", at_least: 0.9", "", "line 1", "no line to cross"),
        ("sv: c, en: d, de: e}\n  told_by", "sv: c}\n  told_by", "line 1", "not in every language"),
        ("[{feature: use_peak_28d", "[{column: use_peak_28d", "line 8", "a wrong kind"),
        ("name: second", "name: seats_fill", "triggers", "a name stands twice"),
        ("- name: second", "- [second", "line", "it is no YAML"),
        (FILE, "name: one", "line 1", "it is no list of triggers"),
        (FILE, "", "line 1", "it is no list of triggers"),
        ("need: premium", "need: premium\n  signs: !!python/name:os.system", "line", "it is no YAML"),
    ],
)
def test_what_is_wrong_is_told_by_its_line_and_rule(old: str, new: str, line: str, rule: str) -> None:
    with pytest.raises(RuleRefused) as told:
        read_triggers(FILE.replace(old, new))
    assert line in told.value.entry
    assert rule in told.value.rule


def test_a_column_that_the_view_lacks_is_named() -> None:
    assert columns_missing("next_upgrade", read_triggers(FILE)) == {}
    typo = read_triggers(FILE.replace("seat_fill,", "seat_fil,"))
    assert columns_missing("next_upgrade", typo) == {"seats_fill": ["seat_fil"]}
