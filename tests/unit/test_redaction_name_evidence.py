"""What the same word elsewhere says: gathered as the obvious loop gathers it, and heard by the redactor."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy.redaction.name_evidence import WEIGHTS, codes_of, elsewhere
from privacy.redaction.redactor import redact

SAID = st.tuples(st.sampled_from(["Olsen", "olsens", "Frp", "Tafjord", "S"]), st.floats(-9, 9))


@given(st.lists(SAID))
@example([("Olsen", 1.0), ("Olsen", 1.0)])
def test_the_others_of_a_word_are_all_but_itself(said: list[tuple[str, float]]) -> None:
    words, odds = [word for word, _ in said], np.array([odd for _, odd in said], dtype=np.float64)
    found = elsewhere(words, odds)
    for place, (word, own) in enumerate(said):
        bare = word.lower().removesuffix("s")
        others = [
            odd for at, (other, odd) in enumerate(said) if at != place and other.lower().removesuffix("s") == bare
        ]
        assert found.times[place] == len(others)
        assert found.best[place] == max(others, default=own)
        assert found.mean[place] == pytest.approx(np.mean(others) if others else own)


@given(st.lists(SAID, min_size=1))
def test_a_word_said_once_is_judged_by_its_own_sentence_alone(said: list[tuple[str, float]]) -> None:
    odds = np.array([odd for _, odd in said], dtype=np.float64)
    others = elsewhere([word for word, _ in said], odds)
    weighed = (codes_of(odds, others) != WEIGHTS).sum(axis=1)
    assert weighed.tolist() == [2 if times == 0 else 8 for times in others.times]


def test_a_name_told_in_one_text_is_known_in_the_others() -> None:
    unclear, clear = "Giske stengte i går.", "Jeg snakket med Kari Giske i går"
    (alone,) = redact([unclear], own=None).frame["text_redacted"]
    together = redact([unclear, clear, clear], own=None).frame["text_redacted"]
    assert alone == unclear
    assert together[0] == "[NAME_1] stengte i går."
