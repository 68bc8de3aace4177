"""What an examination tells: one thing looked at, how bad it is, and the remedy."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is: a fault stops the hub or exposes it, a warning is a limit to know of."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined: what was found, and the remedy unless all is well."""

    check: str
    state: State
    found: str
    remedy: str = ""
