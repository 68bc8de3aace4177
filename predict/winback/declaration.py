"""What win-back declares: who of those that left comes back within the horizon."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness
from predict.feature import LANGUAGES
from predict.winback.outcome_names import OUTCOME_NAMES
from predict.winback.outcome_words import OUTCOME_WORDS
from predict.winback.wording import WORDING

_CAMPAIGNS: Final = {
    language: {key: texts[place] for key, texts in {**OUTCOME_WORDS, **OUTCOME_NAMES}.items()}
    for place, language in enumerate(LANGUAGES)
}

WINBACK: Final = Declaration(
    name="winback",
    view="winback_training",
    label=Label(name="returned"),
    readiness=Readiness(months=18),
    baselines=("orders_1095d",),  # recency would rank the wrong way round: the longer ago, the fewer come back
    wording={language: {**WORDING[language], **_CAMPAIGNS[language]} for language in LANGUAGES},
)
