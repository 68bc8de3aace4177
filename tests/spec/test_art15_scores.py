"""Article 15(1)(h): who is judged by a machine is told what it said, by which logic, and what follows."""

import pytest

from hub.compose import Hub
from privacy.purposes import LANGUAGES
from tests.integration.test_gateway_fence import shop
from tests.integration.test_me_scores import asked, written

__all__ = ["shop"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_art15_1h_a_score_is_told_in_words_with_its_reasons(shop: Hub, language: str) -> None:
    """The person reads how likely, why, from which figures, and who decides, in their language (CJEU C-203/22)."""
    written(shop)
    (told,) = asked(shop, "c1", language)
    assert "31" in told.in_words
    assert len(told.reasons) == 2
    assert all(told.reasons)
    assert told.looked_at[0] in told.reasons[0]
    assert told.how
    assert told.who_decides
