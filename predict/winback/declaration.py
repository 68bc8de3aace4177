"""What win-back declares: who of those that left comes back within the horizon."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness, Wording

WINBACK: Final = Declaration(
    name="winback",
    view="winback_training",
    label=Label(name="returned"),
    readiness=Readiness(months=18),
    baselines=("orders_1095d",),  # recency would rank the wrong way round: the longer ago, the fewer come back
    wording=Wording(
        yes="returning",
        no="staying away",
        did="came back",
        common="Most of them come back unasked: they were silent, not gone. Wait longer before calling somebody lost.",
        rare="Few come back: read precision at capacity, and aim by uplift where a hold-out was drawn.",
    ),
)
