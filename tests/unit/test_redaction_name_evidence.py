"""What the same word elsewhere says: gathered as the obvious loop gathers it, and heard by the redactor."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy.redaction.name_evidence import WEIGHTS, Elsewhere, Evidence, elsewhere, likelihoods
from privacy.redaction.redactor import redact

SAID = st.tuples(st.sampled_from(["Olsen", "olsens", "Frp", "Tafjord", "S"]), st.floats(-9, 9), st.integers(0, 3))
Said = list[tuple[str, float, int]]


def gathered(said: Said) -> tuple[Elsewhere, npt.NDArray[np.float64]]:
    odds = np.array([odd for _, odd, _ in said], dtype=np.float64)
    texts = np.array([text for _, _, text in said], dtype=np.int64)
    return elsewhere([word for word, _, _ in said], odds, texts), odds


@given(st.lists(SAID))
@example([("Olsen", 1.0, 0), ("Olsen", 1.0, 0)])
@example([("Olsen", 1.0, 0), ("Olsen", 2.0, 1), ("Olsen", 3.0, 1)])
def test_each_text_has_one_voice_for_a_word_its_likeliest(said: Said) -> None:
    found, _ = gathered(said)
    for place, (word, own, _) in enumerate(said):
        bare, voices = word.lower().removesuffix("s"), dict[int, float]()
        for at, (other, odd, where) in enumerate(said):
            if at != place and other.lower().removesuffix("s") == bare:
                voices[where] = max(odd, voices.get(where, odd))
        assert found.times[place] == len(voices)
        assert found.best[place] == max(voices.values(), default=own)
        assert found.mean[place] == pytest.approx(np.mean([*voices.values()]) if voices else own)
    assert len(found.times) == len(said)


@given(st.lists(SAID, min_size=1), st.integers(2, 40))
def test_saying_a_word_again_and_again_says_no_more_to_other_texts(said: Said, times: int) -> None:
    once, _ = gathered([*said, ("Olsen", -5.0, 9)])
    often, _ = gathered([*said, *[("Olsen", -5.0, 9)] * times])
    for one, other in zip(once, often, strict=True):
        assert one[: len(said)].tolist() == other[: len(said)].tolist()


@given(st.lists(SAID, min_size=1), st.floats(-9, 9))
def test_a_word_said_once_is_judged_by_its_own_sentence_alone(said: Said, bias: float) -> None:
    others, odds = gathered(said)
    likely = likelihoods(Evidence([bias] * WEIGHTS, (1.0, bias, 2.0), bias), odds, others)
    alone = others.times == 0
    assert likely[alone] == pytest.approx(1 / (1 + np.exp(-odds[alone])))


def test_a_name_told_in_one_text_is_known_in_the_others() -> None:
    unclear, clear = "Giske stengte i går.", "Jeg snakket med Kari Giske i går"
    (alone,) = redact([unclear], own=None).frame["text_redacted"]
    together = redact([unclear, clear, clear], own=None).frame["text_redacted"]
    assert alone == unclear
    assert together[0] == "[NAME_1] stengte i går."
