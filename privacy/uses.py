"""What released rows may be used for, in words of one closed list, and which uses a purpose forbids.

A score is made to help. By default nobody may be asked for more, refused, or given worse terms because of one: such an
effect is another purpose (GDPR Art. 5(1)(b), 6(4)), and may be a decision in the sense of Art. 22.
"""

from enum import StrEnum
from typing import Final


class Use(StrEnum):
    """What somebody does with rows that they were given."""

    HELP_OFFERED = "help_offered"
    MESSAGE_SENT = "message_sent"
    SERVICE_PLANNED = "service_planned"
    PRODUCT_IMPROVED = "product_improved"
    MODEL_TRAINED = "model_trained"
    FIGURES_REPORTED = "figures_reported"
    HIGHER_PRICE = "higher_price"
    REFUSAL = "refusal"
    WORSE_TERMS = "worse_terms"
    CREDIT_DECIDED = "credit_decided"
    WORK_DECIDED = "work_decided"  # hiring, pay, dismissal
    ROWS_SOLD = "rows_sold"


PROHIBITED: Final = frozenset({Use.HIGHER_PRICE, Use.REFUSAL, Use.WORSE_TERMS})
"""What a purpose forbids where its pack does not say."""
