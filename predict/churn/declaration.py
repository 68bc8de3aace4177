"""What churn declares: early warning of who falls silent or lets the contract end."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness, Wording

CHURN: Final = Declaration(
    name="churn",
    view="churn_signals",
    label=Label(name="churned"),
    readiness=Readiness(months=18),
    wording=Wording(
        yes="leaving",
        no="staying",
        did="left",
        common=(
            "Most customers fall silent within this horizon: it is shorter than their own rhythm, and silence for "
            "so long is not yet churn. Consider a longer horizon."
        ),
        rare="Churn is rare at this horizon: read precision at capacity, not accuracy.",
    ),
)
