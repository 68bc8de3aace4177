"""What places are compared by: how often a case went wrong, or a text is unhappy."""

from enum import StrEnum


class What(StrEnum):
    """What a share is of."""

    TEXTS = "texts"  # unhappy ones
    CASES = "cases"  # those that went wrong
