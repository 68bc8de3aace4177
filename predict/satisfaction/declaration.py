"""What satisfaction declares: who gives a low score next, and the texts that say why."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness
from predict.satisfaction.wording import WORDING

SATISFACTION: Final = Declaration(
    name="satisfaction",
    view="satisfaction_training",
    texts="satisfaction_messages",
    label=Label(name="dissatisfied"),
    readiness=Readiness(months=12),
    baselines=("tickets_90d",),
    wording=WORDING,
)
TEXTS: Final = Readiness(least=1000, ideal=5000, rule_from=1, counted="texts")
"""How many texts are needed: below 1,000 the lists and the shipped model alone speak; 5,000 make topics stable."""
