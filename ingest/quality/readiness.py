"""Is this enough to predict from? Three conditions from practice, and the promises of the contract."""

from typing import Final

from ingest.contract.model import Contract
from ingest.quality.report import Advice, Breach

COMPLETE: Final = 0.8
MONTHS: Final = 12.0
MONTHS_BETTER: Final = 24.0
CUSTOMERS: Final = 1000.0


def advice_of(
    *, completeness: dict[str, float], months: float, customers: int, is_identity: bool
) -> tuple[Advice, ...]:
    """Return each condition with what was found: 80 % complete, 12 to 24 months of history, 1,000 customers."""
    least = min(completeness.values(), default=0.0)
    found = [
        Advice(what="every mapped column at least 80 % complete", met=least >= COMPLETE, found=least, wanted=COMPLETE),
        Advice(what="customers", met=customers >= CUSTOMERS, found=float(customers), wanted=CUSTOMERS),
    ]
    if not is_identity:
        found += [
            Advice(what="months of history, at least", met=months >= MONTHS, found=months, wanted=MONTHS),
            Advice(what="months of history, better", met=months >= MONTHS_BETTER, found=months, wanted=MONTHS_BETTER),
        ]
    return tuple(found)


def breaches_of(contract: Contract, *, completeness: dict[str, float], hours_stale: float | None) -> tuple[Breach, ...]:
    """Return the promises of the contract that were not kept."""
    found = [
        Breach(what=f"completeness of {name}", found=completeness.get(name, 0.0), promised=floor)
        for name, floor in contract.completeness.items()
        if completeness.get(name, 0.0) < floor
    ]
    promised = contract.freshness_hours
    if promised is not None and hours_stale is not None and hours_stale > promised:
        found.append(Breach(what="hours since the newest event", found=hours_stale, promised=float(promised)))
    return tuple(found)
