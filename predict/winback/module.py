"""The modules of this folder: how likely a return is, and what a campaign asks beside it.

| asked | fields in | parts in | parts out |
|---|---|---|---|
| diagnose | playbook, at, seed | frame, reach, trial (may be left out) | customers, told |
| draw | hold_out, seed | customers (pseudonym, reason) | arms |
| due | playbook, at | customers, events, taken | due |
| outcome | playbook, at, returns_days, started_at, unseen; language | campaign, touches | report, markdown, html |

Whom contacting *changes* is `predict.uplift`'s question; it is answered within `diagnose`, of an earlier trial.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from predict.errors import MessageRefused
from predict.feature import LANGUAGES
from predict.field import instant_of, seed_of
from predict.likelihood.module import Likelihood
from predict.telling.teller import HOUSE, teller_of
from predict.winback.declaration import WINBACK
from predict.winback.due import due
from predict.winback.experiment import draw_arms
from predict.winback.former import Asked, former
from predict.winback.intention import Unseen, by_intention
from predict.winback.kpi import Window
from predict.winback.outcome import outcome
from predict.winback.playbook import playbook_of
from predict.wire import Message, arrow, told


class WinBack(Likelihood):
    """The likelihood of a return, and campaigns to bring customers back."""

    def campaign(self, asked: str, message: Message) -> Message:
        """Answer what a campaign asks.

        Raises:
            MessageRefused: it is none of `CAMPAIGN`, or a field has no sense.
        """
        return CAMPAIGN[asked](message)


def _diagnose(asked: Message) -> Message:
    trial = asked.frame("trial") if "trial" in asked.parts else None
    by = Asked(
        playbook=playbook_of(asked.fields["playbook"]), at=instant_of(asked.fields, "at"), seed=seed_of(asked.fields)
    )
    found = former(asked.frame("frame"), asked.frame("reach"), trial, by)
    return Message(
        {"ok": True}, {"customers": arrow(found.rows), "told": told(found.told)}, {"customers": "arrow", "told": "json"}
    )


def _draw(asked: Message) -> Message:
    share = asked.fields.get("hold_out")
    if not isinstance(share, float) or not 0 < share < 1:
        raise MessageRefused("field 'hold_out' must be a share above 0 and below 1")
    arms = draw_arms(asked.frame("customers"), hold_out=share, seed=seed_of(asked.fields), within="reason")
    return Message({"ok": True}, {"arms": arrow(arms)}, {"arms": "arrow"})


def _due(asked: Message) -> Message:
    customers, events, taken = (asked.frame(name) for name in ("customers", "events", "taken"))
    found = due(
        customers, events, taken, playbook_of(asked.fields["playbook"]).plans, at=instant_of(asked.fields, "at")
    )
    return Message({"ok": True}, {"due": arrow(found)}, {"due": "arrow"})


def _outcome(asked: Message) -> Message:
    days, language = asked.fields.get("returns_days"), asked.fields.get("language", HOUSE)
    if not isinstance(days, int) or isinstance(days, bool) or days <= 0:
        raise MessageRefused("field 'returns_days' must be a whole number above zero")
    if language not in LANGUAGES:
        raise MessageRefused(f"field 'language' must be one of {', '.join(LANGUAGES)}")
    window = Window(at=instant_of(asked.fields, "at"), returns_days=days)
    unseen = _unseen(asked.fields.get("unseen", {}))
    campaign = by_intention(asked.frame("campaign"), unseen, started_at=instant_of(asked.fields, "started_at"))
    playbook, teller = playbook_of(asked.fields["playbook"]), teller_of(WINBACK, str(language))
    found = outcome(campaign, asked.frame("touches"), playbook, window, teller)
    parts = {"report": told(found.values), "markdown": found.markdown.encode(), "html": found.html.encode()}
    return Message({"ok": True}, parts, {"report": "json", "markdown": "text", "html": "text"})


def _unseen(told: object) -> Unseen:
    known = Unseen.__dataclass_fields__
    if not isinstance(told, dict) or not all(name in known and type(one) is int for name, one in told.items()):
        raise MessageRefused(f"field 'unseen' must have whole numbers named {', '.join(known)}")
    return Unseen(**told)


CAMPAIGN: Final[Mapping[str, Callable[[Message], Message]]] = MappingProxyType(
    {"diagnose": _diagnose, "draw": _draw, "due": _due, "outcome": _outcome}
)
"""What can be asked about a campaign."""


MODULES: Final = {WINBACK.name: WinBack(WINBACK)}
