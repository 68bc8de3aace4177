from datetime import UTC, datetime

import polars as pl
import pytest

from predict.errors import FrameRefused
from predict.feature import LANGUAGES, features_of
from predict.likelihood.score import reason_columns
from predict.likelihood.texts import DAYS, EVERY, FLAGS, PLAIN, RHYTHM
from predict.likelihood.words import reasons

FEATURES = features_of(
    ["days_since_last_order", "days_per_order", "returns", "spent", "share", "newsletter"],
    [
        {"name": "days_since_last_order", "role": "recency", "unit": "days"},
        {"name": "days_per_order", "role": "rhythm", "unit": "days"},
        {"name": "returns", "unit": "count", "labels": {"nb": "Returer", "en": "Returns {net}"}},
        {"name": "spent", "unit": "amount_minor", "labels": {"de": "Ausgegeben"}},
        {"name": "share", "unit": "ratio"},
        {"name": "newsletter", "unit": "flag"},
    ],
)


def said(code, value, usual, language):
    row = dict.fromkeys(reason_columns()) | {"reason_1": code, "value_1": value, "usual_1": usual}
    frame = pl.DataFrame(
        {"pseudonym": [b"a"], "as_of": [datetime(2025, 1, 1, tzinfo=UTC)]}
        | {name: [cell] for name, cell in row.items()},
        schema_overrides={name: pl.String for name in row if name.startswith("reason")},
    ).with_columns(pl.col("^(value|usual)_.*$").cast(pl.Float64))
    return reasons(frame, language, FEATURES)["reason_1"].item()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("nb", "har ikke bestilt på 143 dager; bestiller vanligvis med omtrent 31 dagers mellomrom"),
        ("nn", "har ikkje bestilt på 143 dagar; bestiller vanlegvis med om lag 31 dagars mellomrom"),
        ("sv", "har inte beställt på 143 dagar; beställer vanligtvis med ungefär 31 dagars mellanrum"),
        ("en", "has not ordered for 143 days; usually orders every 31 days"),
        ("de", "hat seit 143 Tagen nicht bestellt; bestellt üblicherweise etwa alle 31 Tage"),
    ],
)
def test_silence_beyond_the_own_rhythm_is_said_in_every_language(language, sentence):
    assert said("rhythm.overdue", 143.2, 30.8, language) == sentence


@pytest.mark.parametrize(
    ("code", "value", "usual", "language", "sentence"),
    [
        ("rhythm.quiet", 1.2, None, "en", "has not ordered for 1 day"),
        ("rhythm.overdue", 9.0, 1.1, "de", "hat seit 9 Tagen nicht bestellt; bestellt üblicherweise jeden Tag"),
        ("rhythm.rare", 200.0, 40.0, "en", "seldom orders: every 200 days"),
        ("rhythm.missing", None, None, "nb", "vi har ikke registrert noen bestilling"),
        ("rhythm.missing", None, None, "nn", "vi har ikkje registrert noka bestilling"),
        ("rhythm.missing", None, None, "sv", "vi har ingen beställning registrerad"),
        ("rhythm.missing", None, None, "en", "we have no record of an order"),
        ("rhythm.missing", None, None, "de", "wir haben keine Bestellung verzeichnet"),
        ("returns.above", 4.0, 1.5, "nb", "Returer: 4, mer enn det vanlige (1,5)"),
        ("returns.above", 4.0, 1.5, "en", "Returns {net}: 4, more than is usual (1.5)"),
        ("returns.missing", None, 1.5, "nb", "ingenting registrert om «Returer»"),
        ("returns.missing", None, 1.5, "nn", "ingenting registrert om «Returer»"),
        ("returns.missing", None, 1.5, "sv", "inget registrerat om ”Returns {net}”"),
        ("returns.missing", None, 1.5, "en", "nothing on record about “Returns {net}”"),
        ("spent.missing", None, 1.5, "de", "nichts verzeichnet zu „Ausgegeben“"),
        ("spent.below", 12345.0, 250000.0, "de", "Ausgegeben: 123, weniger als üblich (2500)"),
        ("share.below", 0.25, 0.5, "sv", "share: 0,25, mindre än det vanliga (0,5)"),
        ("share.below", 0.501, 0.502, "en", "share: 0.5"),
        ("newsletter.below", 0.0, 1.0, "sv", "newsletter: nej"),
        (None, None, None, "en", None),
    ],
)
def test_a_reason_says_its_figures_and_the_right_direction(code, value, usual, language, sentence):
    assert said(code, value, usual, language) == sentence


def test_every_language_has_every_sentence():
    for texts in (PLAIN, RHYTHM, DAYS, EVERY, FLAGS):
        assert set(texts) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(PLAIN[language]) == {"above", "below", "same", "missing"}
        assert set(RHYTHM[language]) == {"order", "login", "service", "any"}
        assert all(set(texts) == {"overdue", "rare", "quiet", "missing"} for texts in RHYTHM[language].values())


def test_no_sentence_speaks_of_risk_or_scores():
    told = str((PLAIN, RHYTHM)).lower()
    assert not any(word in told for word in ("risk", "risiko", "score", "churn", "abwander", "frafall"))


def test_an_unknown_language_is_refused():
    with pytest.raises(FrameRefused, match="nb, nn, sv, en, de"):
        said("returns.above", 4.0, 1.0, "fr")
