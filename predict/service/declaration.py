"""What service declares: who will ask for help, and which machine will need a repair, within 30 days."""

from typing import Final

from predict.declaration import Declaration, Label, Readiness
from predict.service import wording

SERVICE: Final = Declaration(
    name="service",
    view="service_training",
    label=Label(name="contacted"),
    baselines=("tickets_30d",),  # whoever asked last month asks again: what any model has to beat
    wording=wording.SERVICE,
)

SURELY: Final = 0.5
"""A machine is an alert where even the low end of its interval says: rather failing than not."""

MAINTENANCE: Final = Declaration(
    name="maintenance",
    folder="service",
    view="service_machines_training",
    label=Label(name="repaired"),
    baselines=("machine_errors_28d", "machine_age_days"),
    # a machine is seen each month anew, so that a hundred of them make more than a thousand machine-months a year
    readiness=Readiness(least=100, ideal=500, counted="machines"),
    wording=wording.MAINTENANCE,
)
