"""What brings a need up, as a company wrote it: read from a file strictly, kept by each model that was taught with it.

So the versions are those of the models: which triggers spoke for a customer is known as long as the model is, and a
module that is taught anew goes on with those of its current model until another file is given.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from hub.compose import Hub
from hub.predictions import store
from hub.views.load import catalogue_spec
from predict.errors import RuleRefused
from predict.next_need.trigger import DEFAULT_TRIGGERS, as_mapping, triggers_of
from predict.registry import DECLARED
from privacy.plain_yaml import PlainLoader

_HOME: Final = "predict.next_need"
Triggers = Sequence[Mapping[str, Any]]


def has_triggers(module: str) -> bool:
    """Say whether triggers speak in a module."""
    return DECLARED[module].home.startswith(_HOME)


def read_triggers(text: str) -> list[dict[str, Any]]:
    """Read triggers from YAML, of which JSON is a part: a list, each entry checked by itself.

    Raises:
        RuleRefused: names the line and the rule.

    """
    try:
        root = yaml.compose(text, Loader=PlainLoader)
        stored = yaml.load(text, Loader=PlainLoader)  # noqa: S506 - a safe loader, in C
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = "triggers" if mark is None else f"line {mark.line + 1}"
        raise RuleRefused(where, "it is no YAML", "mend what stands there or just before") from None
    if not isinstance(root, yaml.SequenceNode) or not isinstance(stored, list) or not stored:
        raise RuleRefused("line 1", "it is no list of triggers", "`varde predict triggers MODULE` prints one")
    for node, one in zip(root.value, stored, strict=True):
        try:
            triggers_of([one])
        except RuleRefused as exc:
            where = f"line {node.start_mark.line + 1}, {exc.entry}"
            raise RuleRefused(where, exc.rule, exc.remedy) from None
    triggers_of(stored)  # a name that stands twice
    return stored


def columns_missing(module: str, triggers: Triggers) -> dict[str, list[str]]:
    """Name by trigger the columns that the module's view of the catalogue lacks: such a trigger never speaks."""
    view = catalogue_spec(DECLARED[module].view)
    known = {feature.name for feature in view.features}
    asked = {
        str(one["name"]): {sign[name] for sign in one["signs"] for name in ("feature", "per") if sign.get(name)}
        for one in triggers
    }
    return {name: sorted(columns - known) for name, columns in asked.items() if columns - known}


def kept_triggers(hub: Hub, module: str) -> list[dict[str, Any]]:
    """Return the triggers of a module's current model; none where there is no model yet."""
    if not has_triggers(module):
        return []
    with hub.reading() as session:
        model = next((each for each in store.all_models(session) if each.module == module and each.current), None)
    if model is None:
        return []
    body = json.loads(store.read_artefact(hub.settings.models_folder, model))["body"]
    kept: list[dict[str, Any]] = body["figures"]["triggers"]
    return kept


def first_triggers() -> list[dict[str, Any]]:
    """Return the triggers to begin with."""
    return as_mapping(DEFAULT_TRIGGERS)
