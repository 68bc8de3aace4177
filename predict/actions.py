"""What the child process can be asked: a message in, a message out, by a module's name and an action's.

| action | fields in | parts in | parts out |
|---|---|---|---|
| train | what `_brief` reads | `Brief`'s frames | artefact, report |
| readiness | as train, faults, language | frame, texts | readiness |
| score | capacity, language or null | artefact, frame | scores, reasons |
| hear | | artefact, texts | heard |
| report | language | artefact | report, markdown, html |
| card | what the hub knows (`predict.card`), language | artefact | card, markdown, html |
| drift | language | artefact, frame (to score), labelled (may be left out) | drift |
| recalibrate | | artefact, labelled | artefact, report |
| compare | seed | champion, challenger, labelled | comparison |
| review | | alerts (`predict.review`) | review |
| suggest, worth | what `predict.next_need.answer` lists | | |
| load, limits, visits | what `predict.service.answers` lists | | |
| diagnose, draw, due, outcome | what `predict.winback.module` lists | | |

Frames are arrow, the rest is JSON or text. `features` is a list of {name, role, unit, labels, activity}
(`predict.feature`), `families` maps their names to the tables that they are made from.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from predict import card as cards
from predict.errors import MessageRefused
from predict.feature import features_of
from predict.module import Brief, Campaigning, Foreseeing, Listening, Module, Suggesting, Tended
from predict.quality import Finding, findings_of
from predict.review import review
from predict.telling.teller import HOUSE, Teller, teller_of
from predict.value.margins import margins_of
from predict.wire import Message, arrow, told

LONGEST_HISTORY: Final = 10_000
"""Months: longer than records exist."""


def _train(module: Module, asked: Message) -> Message:
    packed = module.train(asked.frame("frame"), _brief(asked))
    return Message({"ok": True}, {"artefact": packed, "report": told(module.report(packed).values)})


def _readiness(module: Module, asked: Message) -> Message:
    verdict = module.readiness(asked.frame("frame"), _brief(asked)).as_mapping()
    return _told("readiness", _teller(module, asked).spoken(verdict))


def _score(module: Module, asked: Message) -> Message:
    packed = asked.part("artefact")
    scores = module.score(packed, asked.frame("frame"), capacity=_capacity(asked.fields))
    parts = {"scores": arrow(scores)}
    language = asked.fields.get("language")
    if language is not None:
        parts["reasons"] = arrow(module.reasons(scores, packed, language=str(language)))
    return Message({"ok": True}, parts, dict.fromkeys(parts, "arrow"))


def _hear(module: Module, asked: Message) -> Message:
    if not isinstance(module, Listening):
        raise MessageRefused(f"{module.declared.name} reads no texts")
    found = module.hear(asked.part("artefact"), asked.frame("texts"))
    return Message({"ok": True}, {"heard": arrow(found)}, {"heard": "arrow"})


def _report(module: Module, asked: Message) -> Message:
    found = module.report(asked.part("artefact"), language=_teller(module, asked).language)
    parts = {"report": told(found.values), "markdown": found.markdown.encode(), "html": found.html.encode()}
    return Message({"ok": True}, parts, {"report": "json", "markdown": "text", "html": "text"})


def _card(module: Module, asked: Message) -> Message:
    teller = _teller(module, asked)
    card = cards.card(module.report(asked.part("artefact"), language=teller.language).values, asked.fields, teller)
    written = {"markdown": cards.markdown(card, teller).encode(), "html": cards.html(card, teller).encode()}
    return Message({"ok": True}, {"card": told(card), **written}, {"card": "json", "markdown": "text", "html": "text"})


def _drift(module: Module, asked: Message) -> Message:
    labelled = asked.frame("labelled") if "labelled" in asked.parts else None
    found = _tended(module).drift(asked.part("artefact"), asked.frame("frame"), labelled)
    return _told("drift", _teller(module, asked).spoken(found))


def _recalibrate(module: Module, asked: Message) -> Message:
    packed = _tended(module).recalibrate(asked.part("artefact"), asked.frame("labelled"))
    return Message({"ok": True}, {"artefact": packed, "report": told(module.report(packed).values)})


def _compare(module: Module, asked: Message) -> Message:
    models = (asked.part("champion"), asked.part("challenger"))
    found = _tended(module).compare(models, asked.frame("labelled"), seed=_whole(asked.fields, "seed", 0))
    return _told("comparison", found)


def _campaign(asked: str) -> Callable[[Module, Message], Message]:
    def act(module: Module, message: Message) -> Message:
        if not isinstance(module, Campaigning):
            raise MessageRefused(f"{module.declared.name} has no campaigns")
        return module.campaign(asked, message)

    return act


def _suggest(module: Module, asked: Message) -> Message:
    return _suggesting(module).suggest(asked)


def _worth(module: Module, asked: Message) -> Message:
    return _suggesting(module).worth(asked)


def _suggesting(module: Module) -> Suggesting:
    if not isinstance(module, Suggesting):
        raise MessageRefused(f"{module.declared.name} suggests no actions")
    return module


def _foreseen(asked: str) -> Callable[[Module, Message], Message]:
    def act(module: Module, message: Message) -> Message:
        if not isinstance(module, Foreseeing):
            raise MessageRefused(f"{module.declared.name} tells nothing but scores")
        return module.foresee(asked, message)

    return act


def _review(_module: Module, asked: Message) -> Message:
    return _told("review", review(asked.frame("alerts")))


ACTIONS: Final[Mapping[str, Callable[[Module, Message], Message]]] = MappingProxyType(
    {
        "train": _train,
        "readiness": _readiness,
        "score": _score,
        "hear": _hear,
        "report": _report,
        "card": _card,
        "drift": _drift,
        "recalibrate": _recalibrate,
        "compare": _compare,
        "review": _review,
        "suggest": _suggest,
        "worth": _worth,
        **{asked: _foreseen(asked) for asked in ("load", "limits", "visits")},
        **{asked: _campaign(asked) for asked in ("diagnose", "draw", "due", "outcome")},
    }
)
"""What can be asked of a module, by name."""


def _teller(module: Module, asked: Message) -> Teller:
    return teller_of(module.declared, str(asked.fields.get("language") or HOUSE))


def _told(name: str, values: Mapping[str, Any]) -> Message:
    return Message({"ok": True}, {name: told(values)})


def _tended(module: Module) -> Tended:
    if not isinstance(module, Tended):
        raise MessageRefused(f"models of {module.declared.name} are trained anew instead: it cannot do this")
    return module


def _brief(asked: Message) -> Brief:
    fields = asked.fields
    return Brief(
        horizon_days=_whole(fields, "horizon_days"),
        features=_features(fields),
        seed=_whole(fields, "seed", 0),
        capacity=_capacity(fields),
        history_months=_months(fields),
        families=_families(fields),
        faults=_faults(fields),
        segments=asked.frame("segments") if "segments" in asked.parts else None,
        texts=asked.frame("texts") if "texts" in asked.parts else None,
        margins=margins_of(fields.get("value") or {}),
        earlier=asked.parts.get("earlier"),
        triggers=_triggers(fields),
        themes=fields.get("themes"),
    )


def _triggers(fields: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    stored = fields.get("triggers", [])
    if not isinstance(stored, list) or not all(isinstance(one, dict) for one in stored):
        raise MessageRefused("field 'triggers' must be a list of objects")
    return tuple(stored)


def _families(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    told = fields.get("families", {})
    if not isinstance(told, dict) or not all(isinstance(names, list) for names in told.values()):
        raise MessageRefused("families must map names of features to lists of tables")
    return {str(name): tuple(map(str, tables)) for name, tables in told.items()}


def _faults(fields: Mapping[str, Any]) -> tuple[Finding, ...]:
    try:
        return findings_of(fields.get("faults", []))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise MessageRefused("faults must be a list of findings as `varde source check` tells them") from exc


def _months(fields: Mapping[str, Any]) -> float | None:
    value = fields.get("history_months")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < LONGEST_HISTORY:
        raise MessageRefused("field 'history_months' must be a number of months, or nothing")
    return float(value)


def _features(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    described = fields.get("features", [])
    try:
        return features_of([one["name"] for one in described], described)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise MessageRefused("features must be a list of {name, role, unit, labels, activity}") from exc


def _capacity(fields: Mapping[str, Any]) -> int | None:
    return None if fields.get("capacity") is None else _whole(fields, "capacity")


def _whole(fields: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (name != "seed" and value == 0):
        raise MessageRefused(f"field {name!r} must be a whole number above zero")
    return value
