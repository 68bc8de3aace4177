"""What win-back declares: who of those that left comes back within the horizon."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness
from predict.winback.wording import WORDING

WINBACK: Final = Declaration(
    name="winback",
    view="winback_training",
    label=Label(name="returned"),
    readiness=Readiness(months=18),
    baselines=("orders_1095d",),  # recency would rank the wrong way round: the longer ago, the fewer come back
    wording=WORDING,
)
