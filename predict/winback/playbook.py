"""Everything about win-back that a company edits: clues, offers, sequences, bands and terms, as one JSON document.

A *playbook* is data. `DEFAULT` is a start: its amounts are in minor units and of nobody in particular, and what it
assumes about effects is written down as an assumption until a hold-out says more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from predict.errors import RuleRefused
from predict.value.margins import FIELDS, Margins, margins_of
from predict.winback.benchmark import Band, bands_of
from predict.winback.leaving import DEFAULT_RULES, Rule, as_mapping, rules_of
from predict.winback.offers import OfferCatalogue, offer_catalogue_of
from predict.winback.sequence import DEFAULT_PLANS, Plan, plans_of

_FIELDS: Final = frozenset({"rules", "offers", "plans", "bands", "terms"})
_EFFECTS: Final = frozenset({"assumed_uplift", "assumed_return", "worthwhile", "cost_per_letter_minor"})
_TERMS: Final = _EFFECTS | {*FIELDS}
_VALUE: Final = {"margin": 0.3, "months": 12, "yearly_discount": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the company says of itself.

    - `value`: margins, months and discount (`predict.value.margins`): how what was paid before counts after a return;
    - `cost_per_letter_minor`: what writing, looking and sending costs;
    - `assumed_uplift`, `assumed_return`: taken for the effect of a contact and the chance of a return until a trial is
      there to say; `worthwhile`: the difference that would matter, set before the test (`experiment.look`).
    """

    value: Margins = field(default_factory=lambda: margins_of(_VALUE))
    assumed_uplift: float = 0.02
    assumed_return: float = 0.05
    worthwhile: float = 0.03
    cost_per_letter_minor: int = 500

    def __post_init__(self) -> None:
        """Insist on shares and a cost."""
        shares = (self.assumed_uplift, self.assumed_return)
        if not all(0 <= one <= 1 for one in shares) or not 0 < self.worthwhile < 1 or self.cost_per_letter_minor < 0:
            raise RuleRefused("terms", "a share is not between 0 and 1, or a cost below 0", "correct the entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """One company's rules of winning back, read and checked."""

    rules: tuple[Rule, ...]
    offers: OfferCatalogue
    plans: tuple[Plan, ...]
    bands: tuple[Band, ...]
    terms: Terms


DEFAULT: Final[Mapping[str, Any]] = {
    "rules": as_mapping(DEFAULT_RULES),
    "offers": {
        "offers": [
            {"name": "cause_put_right", "kind": "service", "reasons": ["service_frustrated"]},
            {"name": "missing_function", "kind": "function", "reasons": ["feature_seeking", "lured_away"]},
            {"name": "ten_per_cent", "kind": "discount", "reasons": ["price_sensitive"], "cost_minor": 20_000},
            {"name": "what_is_new", "kind": "content", "reasons": ["drifting", "unknown"]},
            {"name": "talk", "kind": "personal", "reasons": ["service_frustrated", "lured_away"], "cost_minor": 5_000},
        ],
        "channels": [{"name": "email", "cost_minor": 500}, {"name": "phone", "cost_minor": 8_000}],
        "margin_limit": 0.5,
        "without_discount": ["service_frustrated"],
    },
    "plans": [
        {
            "name": plan.name,
            "trigger": plan.trigger.value,
            "days": plan.days,
            "reasons": [reason.value for reason in plan.reasons],
            "steps": [
                {"after_days": step.after_days, "template": step.template, "channel": step.channel}
                for step in plan.steps
            ],
        }
        for plan in DEFAULT_PLANS
    ],
    "bands": [],
    "terms": {
        **_VALUE,
        "assumed_uplift": 0.02,
        "assumed_return": 0.05,
        "worthwhile": 0.03,
        "cost_per_letter_minor": 500,
    },
}
"""A start to be edited; bands are empty, because a figure without a source would be taken for a fact."""


def playbook_of(stored: Mapping[str, Any]) -> Playbook:
    """Read a playbook from plain JSON values.

    Raises:
        RuleRefused: a section is missing or unknown, or an entry has no sense.
    """
    if set(stored) != _FIELDS:
        raise RuleRefused("playbook", "its sections are not ours", f"give {', '.join(sorted(_FIELDS))}")
    try:
        return Playbook(
            rules=rules_of(stored["rules"]),
            offers=offer_catalogue_of(stored["offers"]),
            plans=plans_of(stored["plans"]),
            bands=bands_of(stored["bands"]),
            terms=_terms_of(stored["terms"]),
        )
    except (TypeError, ValueError) as exc:
        raise RuleRefused("playbook", "a section is not of its shape", "compare with the default") from exc


def _terms_of(stored: Mapping[str, Any]) -> Terms:
    if set(stored) - _TERMS:
        raise RuleRefused("terms", "it has an unknown field", f"give {', '.join(sorted(_TERMS))}")
    value = {name: stored[name] for name in FIELDS if name in stored}
    effects = {name: one for name, one in stored.items() if name in _EFFECTS}
    return Terms(value=margins_of(_VALUE | value), **effects)
