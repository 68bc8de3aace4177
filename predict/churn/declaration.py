"""What churn declares: early warning of who falls silent or lets the contract end."""

from typing import Final

from predict.churn.wording import WORDING
from predict.declaration import Declaration, Label, Readiness

CHURN: Final = Declaration(
    name="churn",
    view="churn_signals",
    label=Label(name="churned"),
    readiness=Readiness(months=18),
    wording=WORDING,
)
