"""What is planted in the made-up data, and how much of it: so that a test can ask for nothing and must find nothing."""

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """How much of each plant there is: 0 none (placebo), 1 as the demo has it; between them a share of it.

    - `churn`: share of departures that show beforehand, by their cause; the others come out of nothing;
    - `drift`: how much changes at `hub.demo.lives.DRIFT_DAY`: use is counted in another way, price drives people off;
    - `season`: how much months, weekdays, month ends and holidays differ;
    - `help`: share of bursts of errors, peaks of use, returns and limits reached that end in a support case;
    - `wear`: share of machines' failures that readings announce;
    - `needs`: share of triggers (more use, a grown team, a finished project, a peak) that end in a purchase;
    - `answers`: how much channel, hour and weekday of a contact matter to whom it reaches;
    - `winback`: how much a contact brings back those for whom its offer is an answer;
    - `causes`: how much topics, products, steps, teams and times differ in what customers write and score, and in how
      cases end.
    """

    churn: float = 1.0
    drift: float = 0.0
    season: float = 1.0
    help: float = 1.0
    wear: float = 1.0
    needs: float = 1.0
    answers: float = 1.0
    winback: float = 1.0
    causes: float = 1.0

    def __post_init__(self) -> None:
        """Insist on shares."""
        for each in fields(self):
            if not 0 <= getattr(self, each.name) <= 1:
                raise ValueError(f"{each.name} is a share: give 0 to 1")


AS_IN_THE_DEMO: Final = Planted()
NOTHING: Final = Planted(churn=0, season=0, help=0, wear=0, needs=0, answers=0, winback=0, causes=0)
