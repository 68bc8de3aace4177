"""Tasks of the voice of the customer: opened by rules after a study, closed by people, escalated by the clock."""

from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import ChildFailed, StudyNotFound
from hub.predictions import studies
from hub.predictions.studies import OpenTask
from hub.views.admission import verify_admitted
from predict.errors import RuleRefused
from predict.voice.rules import rules_of
from privacy.audit import AuditFields
from privacy.plain_yaml import load_yaml
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, Role, random_id

PURPOSE: Final = "satisfaction"
CASES: Final = "satisfaction_cases"


class Outcome(StrEnum):
    """How a task ended."""

    DONE = "done"
    DROPPED = "dropped"


def shipped_rules() -> str:
    """Return the rules that come with Varde, as text to edit."""
    return files("hub.predictions").joinpath("voice_rules.yaml").read_text(encoding="utf-8")


def rules_from(text: str) -> list[Any]:
    """Read rules, and see that they make sense before anything is read by them: a view's reads are counted.

    Raises:
        YAMLError: it is no YAML.
        ChildFailed: a rule makes no sense, in the words of the module.

    """
    rules = load_yaml(text)
    asked = list(rules) if isinstance(rules, list) else [{"name": "the file", "when": rules}]
    try:
        rules_of(asked)
    except RuleRefused as refused:
        raise ChildFailed("voice", type(refused).__name__, str(refused)) from None
    return asked


def open_for(hub: Hub, session: Session, principal: PrincipalId, asked: list[dict[str, Any]]) -> int:
    """Open what rules ask for and is not open yet, in the caller's transaction; return how many tasks are new."""
    lock_epoch(session)  # of two studies at once the second sees what the first opened
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
    opened = studies.add_tasks(session, tasks)
    if opened:
        hub.audit(session, "voice.tasks", principal, AuditFields(purpose=PURPOSE, rows=opened))
    return opened


def listed(hub: Hub) -> list[OpenTask]:
    """List the open tasks, the first due first."""
    with hub.reading() as session:
        return studies.open_tasks(session)


def verify_may_look(hub: Hub, principal: Principal) -> None:
    """Refuse whoever is neither a DPO nor may use the purpose: figures of a few dozen are no notice board.

    Raises:
        AccessRefused: it may not.

    """
    if principal.role is not Role.DPO:
        verify_may(hub, principal)


def verify_may(hub: Hub, principal: Principal) -> None:
    """Refuse, and count, whose credential may not read cases for the purpose: nor may it say what becomes of them.

    Raises:
        AccessRefused: it may not.

    """
    verify_admitted(hub, principal, CASES, PURPOSE)


def close(hub: Hub, principal: Principal, key: str, outcome: Outcome) -> None:
    """Close an open task.

    Raises:
        AccessRefused: the credential may not use the purpose.
        StudyNotFound: none of that key is open.

    """
    verify_may(hub, principal)
    with hub.unit_of_work() as session:
        found = next((one for one in studies.open_tasks(session) if one.key == key), None)
        if found is None:
            raise StudyNotFound("no task of that key is open", "See `varde voice tasks`")
        studies.close_task(session, found.task_id, at=hub.clock(), by=principal.principal_id, outcome=outcome.value)
        fields = AuditFields(act_id=found.task_id, purpose=PURPOSE, outcome=outcome.value)
        hub.audit(session, "voice.task", principal.principal_id, fields)
