"""Tasks of the voice of the customer: opened by rules after a study, closed by people, escalated by the clock."""

from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from hub.compose import Hub
from hub.errors import StudyNotFound
from hub.predictions import studies
from hub.predictions.studies import OpenTask
from privacy.audit import AuditFields
from privacy.plain_yaml import load_yaml
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, random_id

PURPOSE: Final = "satisfaction"


class Outcome(StrEnum):
    """How a task ended."""

    DONE = "done"
    DROPPED = "dropped"


def shipped_rules() -> str:
    """Return the rules that come with Varde, as text to edit."""
    return files("hub.predictions").joinpath("voice_rules.yaml").read_text(encoding="utf-8")


def rules_from(text: str) -> list[Any]:
    """Read rules; whether they make sense says `predict.voice.rules`."""
    rules = load_yaml(text)
    return list(rules) if isinstance(rules, list) else [{"name": "the file", "when": rules}]


def open_for(hub: Hub, principal: PrincipalId, asked: list[dict[str, Any]]) -> int:
    """Open what rules ask for and is not open yet; return how many tasks are new."""
    now = hub.clock()
    tasks = [
        OpenTask(
            task_id=random_id(),
            **{name: one[name] for name in ("key", "rule", "subject", "act", "owner", "escalate_to")},
            opened_at=now,
            due_at=now + timedelta(days=one["days"]),
            escalate_at=now + timedelta(days=one["days"] + one["escalate_days"]),
        )
        for one in asked
    ]
    with hub.unit_of_work() as session:
        opened = studies.add_tasks(session, tasks)
        if opened:
            hub.audit(session, "voice.tasks", principal, AuditFields(purpose=PURPOSE, rows=opened))
    return opened


def listed(hub: Hub) -> list[OpenTask]:
    """List the open tasks, the first due first."""
    with hub.reading() as session:
        return studies.open_tasks(session)


def close(hub: Hub, principal: Principal, key: str, outcome: Outcome) -> None:
    """Close an open task.

    Raises:
        StudyNotFound: none of that key is open.

    """
    with hub.unit_of_work() as session:
        found = next((one for one in studies.open_tasks(session) if one.key == key), None)
        if found is None:
            raise StudyNotFound("no task of that key is open", "See `varde voice tasks`")
        studies.close_task(session, found.task_id, at=hub.clock(), by=principal.principal_id, outcome=outcome.value)
        fields = AuditFields(act_id=found.task_id, purpose=PURPOSE, outcome=outcome.value)
        hub.audit(session, "voice.task", principal.principal_id, fields)
