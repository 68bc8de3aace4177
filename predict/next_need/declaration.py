"""What the modules of the next need declare: who buys, who upgrades, who takes a service.

Three questions of one kind, told apart by their label. Each stands beside what a person would do without a model:
offer to everybody (popularity, the base rate) or to those who bought most so far (the customer's own frequency).
"""

from typing import Final

from predict.declaration import Declaration, Label, Readiness, Words
from predict.next_need import wording

FOLDER: Final = "next_need"


def _worded(own: Words) -> Words:
    """Put the words of tables, which all three share, beside a module's own."""
    return {language: {**wording.TABLES[language], **words} for language, words in own.items()}


NEXT_NEED: Final = Declaration(
    name="next_need",
    view="next_need_training",
    label=Label(name="bought"),
    readiness=Readiness(months=12),
    baselines=("orders_365d",),
    wording=_worded(wording.NEXT_NEED),
)
NEXT_UPGRADE: Final = Declaration(
    name="next_upgrade",
    folder=FOLDER,
    view="next_need_upgrades_training",
    label=Label(name="upgraded"),
    readiness=Readiness(months=12),
    baselines=("upgrades_365d",),
    wording=_worded(wording.NEXT_UPGRADE),
)
NEXT_SERVICE: Final = Declaration(
    name="next_service",
    folder=FOLDER,
    view="next_need_services_training",
    label=Label(name="took_service"),
    readiness=Readiness(months=12),
    baselines=("orders_365d",),
    wording=_worded(wording.NEXT_SERVICE),
)
