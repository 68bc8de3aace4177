"""When a use of data is likely a high risk to people, so that it must be assessed before it begins (GDPR Art. 35(1)).

The criteria are the nine of the Article 29 Working Party's guidelines WP 248 rev.01 (endorsed by the EDPB), section
III.B.a: where two of them are met, an assessment is to be made in most cases.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

ENOUGH_CRITERIA: Final = 2


class RiskCriterion(StrEnum):
    """The nine criteria, in the guidelines' order."""

    SCORING = "scoring"  # evaluation or scoring, profiling and predicting among it
    AUTOMATED_EFFECT = "automated_effect"  # automated decision with legal or similar effect
    SYSTEMATIC_MONITORING = "systematic_monitoring"
    SENSITIVE_DATA = "sensitive_data"  # Article 9, 10, and what is highly personal
    LARGE_SCALE = "large_scale"
    MATCHED_DATA_SETS = "matched_data_sets"  # matched beyond what people would expect
    VULNERABLE_PEOPLE = "vulnerable_people"
    NEW_TECHNOLOGY = "new_technology"
    BARS_A_RIGHT = "bars_a_right"  # keeps people from a right, a service or a contract


def is_high_risk(criteria: Collection[RiskCriterion]) -> bool:
    """Say whether so many criteria are met that an assessment must be made."""
    return len(criteria) >= ENOUGH_CRITERIA
