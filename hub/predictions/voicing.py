"""The voice of the customer: views are read through the gate, what they tell is kept, people judge what it proposes.

A view that is not approved is left out and named. A study keeps figures of ten customers and more, no row and no
pseudonym, and can be written anew in another language without reading anything.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused, StudyNotFound
from hub.predictions import studies
from hub.predictions.child import ask
from hub.predictions.evidence import open_evidence, seal_evidence
from hub.predictions.hearing import find_earlier
from hub.predictions.studies import SaidVerdict, Study
from hub.predictions.voice_tasks import CASES, PURPOSE, open_for, rules_from, shipped_rules, verify_may, verify_may_look
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.intent import Reader
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from predict.disclosure import period_end
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.redaction.redactor import redact
from privacy.store.principal import Principal
from privacy.terms import random_id

STUDY: Final = "voice"
TEXTS: Final = "texts"
MODEL: Final = "model"
"""The part that the current model of satisfaction goes as: it knows the company's own themes, scores and topics."""
VIEWS: Final[Mapping[str, tuple[str, str]]] = {
    "answers": ("satisfaction_answers", "answer_"),
    "cases": (CASES, "case_"),
    "steps": ("satisfaction_steps", "step_"),
    "texts": ("satisfaction_causes", "message_"),
    "replies": ("satisfaction_exchanges", "exchange_"),
}
"""By part of a study, the view it is read from and what its columns begin with there."""
_RENAMED: Final = {"step_name": "step"}
_NOT_APPROVED: Final = frozenset({"view_not_approved", "approval_expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A study in a language: what it tells first, what it proposes (key, levels, verdict, sentence), and the page.

    `tasks` is what the rules ask for, `opened` how many of these are new.
    """

    as_of: datetime
    missing: tuple[str, ...]
    headlines: tuple[str, ...]
    proposals: tuple[Mapping[str, Any], ...]
    tasks: tuple[dict[str, Any], ...]
    study: bytes
    html: bytes
    opened: int = 0


def study(
    hub: Hub,
    principal: Principal,
    *,
    as_of: datetime | None = None,
    language: str = "en",
    rules: str | None = None,
) -> Written:
    """Read what may be read of answers, cases, steps and texts at an instant, keep what it tells, and write it.

    Args:
        hub: the hub.
        principal: who asks; each view is released to them and counted.
        as_of: the end of four weeks (`predict.disclosure`); left out, of the newest whole ones.
        language: of the page.
        rules: YAML that says who does what when something is told; left out, the shipped ones.

    Raises:
        AccessRefused: the gate said no, or none of the views is approved.
        ChildFailed: a frame does not keep its contract, or a rule makes no sense.

    """
    asked = rules_from(shipped_rules() if rules is None else rules)
    specs = _readable(hub)
    if not specs:
        names = ", ".join(view for view, _ in VIEWS.values())
        raise AccessRefused("view_not_approved", f"Submit {names} from the catalogue; a DPO approves them")
    at = _instant(hub, as_of)
    reader = Reader(principal=principal, module=PURPOSE)
    parts = {}
    for part, spec in specs.items():
        released = Gateway(hub).read(reader, spec.name, purpose=spec.purpose, as_of=at)
        parts[part] = arrow(renamed(released.frame, VIEWS[part][1]))
    kinds = dict.fromkeys(parts, "arrow")
    model = find_earlier(hub, PURPOSE) if TEXTS in parts else None
    if model is not None:
        parts[MODEL], kinds[MODEL] = model, "json"
    fields = {"as_of": at.isoformat(), "language": language, "rules": asked}
    written = _written(hub, Message(fields, parts, kinds))
    with hub.unit_of_work() as session:
        made = Study(
            study_id=random_id(),
            as_of=at,
            made_at=hub.clock(),
            made_by=principal.principal_id,
            told=written.study.decode(),
        )
        studies.add_study(session, made)
        told = AuditFields(act_id=made.study_id, purpose=PURPOSE, as_of=at, rows=len(written.proposals))
        hub.audit(session, "voice.study", principal.principal_id, told)
        opened = open_for(hub, session, principal.principal_id, list(written.tasks))
    return replace(written, opened=opened)


def page(hub: Hub, principal: Principal, *, language: str = "en") -> Written:
    """Write the newest study anew, with what people said of its proposals since; reads no row of anybody.

    Raises:
        AccessRefused: the credential may not use the purpose, and is no DPO's.
        StudyNotFound: none has been made.

    """
    verify_may_look(hub, principal)
    found = _newest(hub)
    return _written(hub, Message({"language": language}, {"study": found.told.encode()}, {"study": "json"}))


def judge(hub: Hub, principal: Principal, key: str, verdict: str, *, evidence: str) -> None:
    """Keep what somebody says of a proposal of the newest study, and why, sealed.

    The reason is redacted first: no erasure and no copy of somebody's data would ever find a name in it.

    Raises:
        AccessRefused: the credential may not use the purpose, or the reason speaks of special categories.
        StudyNotFound: no study has been made, or it did not propose that.

    """
    verify_may(hub, principal)
    proposed = {one["key"]: one for one in json.loads(_newest(hub).told).get("findings", [])}
    if key not in proposed:
        raise StudyNotFound("the newest study did not propose that", "See `varde voice findings`")
    verdict_id, why = random_id(), redact([evidence], own=None).frame.row(0, named=True)
    if why["withheld"]:
        raise AccessRefused(
            "special_category", "Say what went wrong in the work, nothing of anybody's health or belief"
        )
    said = SaidVerdict(
        verdict_id=verdict_id,
        finding=key,
        levels=json.dumps(proposed[key]["levels"], ensure_ascii=False),
        verdict=verdict,
        evidence=seal_evidence(hub, verdict_id, why["text_redacted"]),
        said_at=hub.clock(),
        said_by=principal.principal_id,
    )
    with hub.unit_of_work() as session:
        studies.add_verdict(session, said)
        fields = AuditFields(act_id=verdict_id, purpose=PURPOSE, outcome=verdict)
        hub.audit(session, "voice.verdict", principal.principal_id, fields)


def evidence_of(hub: Hub, principal: Principal, key: str) -> list[tuple[SaidVerdict, str]]:
    """Open what was said of a proposal, oldest first: told to the log before, for it is text about customers.

    Raises:
        AccessRefused: the credential may not use the purpose.
        StudyNotFound: nobody has said anything of it.

    """
    verify_may(hub, principal)
    with hub.unit_of_work() as session:
        found = [one for one in studies.verdicts(session) if one.finding == key]
        if found:
            fields = AuditFields(act_id=found[-1].verdict_id, purpose=PURPOSE, rows=len(found))
            hub.audit(session, "voice.evidence", principal.principal_id, fields)
    if not found:
        raise StudyNotFound("nobody has judged that", "See `varde voice findings`")
    return [(one, open_evidence(hub, one.verdict_id, one.evidence)) for one in found]


def _instant(hub: Hub, as_of: datetime | None) -> datetime:
    """Return the instant of a study: studies that overlap by all but a week could be taken off each other."""
    at = as_of or period_end(hub.clock())
    if at != period_end(at):
        nearest = f"{period_end(at):%Y-%m-%d}"
        raise AccessRefused("between_studies", f"Studies are of whole four weeks; the last before it ended {nearest}")
    return at


def _readable(hub: Hub) -> dict[str, ViewSpec]:
    found = {}
    for part, (view, _) in VIEWS.items():
        try:
            with hub.reading() as session:
                found[part] = readable_spec(session, hub.policy(), view, at=hub.clock())
        except AccessRefused as refused:
            if refused.because not in _NOT_APPROVED:
                raise
    return found


def renamed(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Call columns as the study does: without what tells views' columns apart."""
    own = [name for name in frame.columns if name.startswith(prefix)]
    return frame.select(PSEUDONYM, *(pl.col(name).alias(_RENAMED.get(name, name.removeprefix(prefix))) for name in own))


def _written(hub: Hub, question: Message) -> Written:
    with hub.reading() as session:
        said = studies.as_said(studies.verdicts(session))
    answer = ask("study", STUDY, Message({**question.fields, "said": said}, question.parts, question.kinds))
    told = json.loads(answer.part("study"))
    return Written(
        as_of=datetime.fromisoformat(told["as_of"]),
        missing=tuple(told["missing"]),
        headlines=tuple(json.loads(answer.part("headlines"))),
        proposals=tuple(json.loads(answer.part("proposals"))),
        tasks=tuple(json.loads(answer.part("tasks"))),
        study=answer.part("study"),
        html=answer.part("html"),
    )


def _newest(hub: Hub) -> Study:
    with hub.reading() as session:
        found = studies.newest_study(session)
    if found is None:
        raise StudyNotFound("no study has been made yet", "Run `varde voice study`")
    return found
