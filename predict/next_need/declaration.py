"""What the modules of the next need declare: who buys, who upgrades, who takes a service.

Three questions of one kind, told apart by their label. Each stands beside what a person would do without a model:
offer to everybody (popularity, the base rate) or to those who bought most so far (the customer's own frequency).
"""

from typing import Final

from predict.declaration import Declaration, Label, Readiness, Wording

FOLDER: Final = "next_need"
_RARE: Final = "Few do so at this horizon: read precision at capacity and what brings a need up, not accuracy."

NEXT_NEED: Final = Declaration(
    name="next_need",
    view="next_need_training",
    label=Label(name="bought"),
    readiness=Readiness(months=12),
    baselines=("orders_365d",),
    wording=Wording(
        yes="buying",
        no="not buying",
        did="ordered or upgraded",
        common="Most customers buy within this horizon anyway: a high chance is no reason to contact anybody.",
        rare=_RARE,
    ),
)
NEXT_UPGRADE: Final = Declaration(
    name="next_upgrade",
    folder=FOLDER,
    view="next_need_upgrades_training",
    label=Label(name="upgraded"),
    readiness=Readiness(months=12),
    baselines=("upgrades_365d",),
    wording=Wording(yes="growing", no="staying", did="upgraded", rare=_RARE),
)
NEXT_SERVICE: Final = Declaration(
    name="next_service",
    folder=FOLDER,
    view="next_need_services_training",
    label=Label(name="took_service"),
    readiness=Readiness(months=12),
    baselines=("orders_365d",),
    wording=Wording(yes="wanting", no="content", did="took a service", rare=_RARE),
)
