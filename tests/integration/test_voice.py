"""The voice of the customer, from approved views to a page, and what people say of what it proposes."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.authentication import Scope, add, authenticate
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.errors import AccessRefused, ChildFailed, StudyNotFound
from hub.predictions import answering, studies, voice_tasks, voicing
from hub.predictions.studies import OpenTask, Study
from hub.predictions.voice_tasks import Outcome
from hub.views.gateway import Gateway
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from predict.causes.finding import key_of
from privacy.store.audit import entries
from privacy.store.principal import EVERYTHING
from privacy.terms import Role
from tests.builders import FixedClock
from tests.catalogue_shop import AT, Company, company
from tests.view_builders import WITHOUT_CHECK

PLACE = (("category", "delivery"), ("team", "technical"))
SECONDS = count()
KEY = key_of(PLACE, broke=False)
FINDING = {
    "key": KEY,
    "levels": dict(PLACE),
    "since": None,
    "texts": 90,
    "customers": 40,
    "share": 0.6,
    "elsewhere": 0.2,
    "gap": {"figure": 0.4, "low": 0.2, "high": 0.6},
    "excess": 36.0,
    "chance": 0.01,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("voice"), ("feedback", "journey_steps", "messages", "tickets")) as found:
        yield found


def run(made: Company, *words: str) -> Result:
    """Type a command as the owner."""
    home = made.hub.settings.home
    now = AT + timedelta(hours=1, seconds=next(SECONDS))
    invocation = Invocation(environment={"VARDE_HOME": str(home)}, clock=FixedClock(now))
    return CliRunner().invoke(make_app(), ["voice", *words], obj=invocation)


def allow(made: Company, part: str) -> None:
    name = voicing.VIEWS[part][0]
    submit(made.hub, catalogue_text(name), made.scientist)
    approve(made.hub, name, made.dpo, WITHOUT_CHECK)


def actions(made: Company) -> list[str]:
    with made.hub.reading() as session:
        return [entry.action for _, entry in entries(session, action="voice.", limit=40)]


def test_without_an_approved_view_nothing_is_told(made: Company) -> None:
    ended = run(made, "study")
    assert ended.exit_code == 4
    assert "satisfaction_answers" in ended.stderr
    with pytest.raises(StudyNotFound, match="varde voice study"):
        voicing.page(made.hub, made.owner)
    assert run(made, "findings").exit_code == 2


def test_a_study_reads_what_is_approved_and_is_kept(made: Company, tmp_path: Path) -> None:
    allow(made, "answers")
    first = voicing.study(made.hub, made.scientist)
    assert first.missing == ("cases", "steps", "texts", "replies")
    with pytest.raises(AccessRefused, match="between_studies"):
        voicing.study(made.hub, made.scientist, as_of=first.as_of - timedelta(days=7))
    allow(made, "cases")
    allow(made, "steps")
    allow(made, "texts")
    allow(made, "replies")
    ended = run(made, "study", "--language", "nb")
    assert ended.exit_code == 0, ended.output
    assert "varde voice page" in ended.stderr
    told = json.loads(voicing.page(made.hub, made.owner).study)
    assert told["missing"] == []
    assert {"nps"} <= {one["kind"] for one in told["scores"]} <= {"nps", "csat", "ces", "stars"}
    assert all(one["customers"] >= 10 for one in told["scores"])
    assert any(one["by"] == "category" for one in told["service"])
    assert {one["step"] for one in told["steps"]} <= {"enquiry", "quote", "order", "delivery", "after_sales", "other"}
    assert told["steps"]
    assert told["moods"] == [] or all(one["customers"] >= 10 for one in told["moods"])
    assert isinstance(told["findings"], list)
    assert told["writing"]["mails"] > 0
    assert set(told["writing"]) == {"mails", "customers", "withheld", "styles", "jargon", "phrases"}
    assert actions(made).count("voice.study") == 2
    page = tmp_path / "voice.html"
    assert run(made, "page", "--out", str(page), "--language", "sv").exit_code == 0
    assert "Kundernas röst" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert run(made, "page", "--out", str(tmp_path / "voice.pdf")).exit_code == 2


def test_answers_are_suggested_beside_redacted_threads_and_judged_by_what_became_of_them(
    made: Company, tmp_path: Path
) -> None:
    file, page = tmp_path / "library.yaml", tmp_path / "answers.html"
    file.write_text(run(made, "library").stdout, encoding="utf-8")
    assert "makes sense" in run(made, "library", "--check", str(file)).stderr
    words = ("answers", "--library", str(file), "--out", str(page))
    assert run(made, *words).exit_code == 2, "somebody says what it is for"
    ended = run(made, *words, "--use", "help_offered", "--language", "nb")
    assert ended.exit_code == 0, ended.output
    assert "Nothing is sent" in ended.stderr
    assert "Forslag til svar" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    for outcome in ("accepted", "edited", "edited"):
        assert run(made, "answered", "fault_nb", outcome).exit_code == 0
    assert run(made, "answered", "Kari Nordmann", "edited").exit_code == 2
    typed = run(made, "answered", "kari_nordmann", "edited")
    assert (typed.exit_code, "kari" in typed.output) == (2, False), "no page had it: it does not reach the log"
    told = json.loads(run(made, "answered", "--format", "json").stdout)
    assert told == [{"answer": "fault_nb", "accepted": "1", "edited": "2", "rejected": "0", "taken over": "0"}]
    assert actions(made)[:3] == ["voice.answer"] * 3
    file.write_text("version: 1\nanswers:\n- {name: x}\n", encoding="utf-8")
    refused = run(made, *words, "--use", "help_offered")
    assert refused.exit_code == 2
    assert "library.yaml: line 3, x: needs" in " ".join(refused.stderr.replace("│", " ").split())


def test_a_proposal_is_judged_with_evidence_that_rests_sealed(made: Company) -> None:
    told = json.dumps({"as_of": AT.isoformat(), "missing": [], "findings": [FINDING]})
    with made.hub.unit_of_work() as session:
        studies.add_study(session, _study(made, told))
    assert "Topic delivery" in run(made, "findings", "--format", "csv").stdout
    why = "Asked Kari Nordmann: the new carrier loses parcels"
    assert run(made, "judge", KEY, "proposed", "--evidence", why).exit_code == 2
    assert run(made, "judge", "nosuchkey", "refuted", "--evidence", why).exit_code == 2
    assert run(made, "judge", KEY, "confirmed", "--evidence", "She has cancer").exit_code == 4
    assert run(made, "judge", KEY, "confirmed", "--evidence", why).exit_code == 0
    assert run(made, "judge", KEY, "refuted", "--evidence", "It was the season").exit_code == 0
    assert voicing.page(made.hub, made.owner).proposals[0]["verdict"] == "refuted"
    shown = run(made, "evidence", KEY, "--format", "json")
    assert [(one["verdict"], one["why"]) for one in json.loads(shown.stdout)] == [
        ("confirmed", "Asked [NAME_1]: the new carrier loses parcels"),
        ("refuted", "It was the season"),
    ]
    assert actions(made)[:3].count("voice.evidence") == 1
    assert actions(made).count("voice.verdict") == 2
    home = made.hub.settings.home
    assert not any(b"Kari Nordmann" in file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_what_rules_ask_for_is_a_task_until_it_is_closed(made: Company, tmp_path: Path) -> None:
    asked = [
        {"key": "k1", "rule": "r", "subject": "csat all", "act": "Look.", "owner": "support", "escalate_to": "head"}
    ]
    asked = [one | {"days": 3, "escalate_days": 2} for one in asked]
    opened = [opened_for(made, asked) for _ in range(2)]
    assert opened == [1, 0], "what is open is not opened again"
    (task,) = listed(made)
    assert [task.whose(AT + timedelta(days=day)) for day in (1, 4, 6)] == ["support", "support", "head"]
    shown = json.loads(run(made, "tasks", "--format", "json").stdout)
    assert [one["whose"] for one in shown if one["key"] == "k1"] == ["support"]
    assert run(made, "close", "k1", "done").exit_code == 0
    assert run(made, "close", "k1", "done").exit_code == 2
    assert listed(made) == []
    assert opened_for(made, asked) == 1
    assert actions(made)[:3] == ["voice.tasks", "voice.task", "voice.tasks"]
    assert run(made, "rules").stdout == voice_tasks.shipped_rules()
    (tmp_path / "rules.yaml").write_text("- name: [", encoding="utf-8")
    ended = run(made, "study", "--rules", str(tmp_path / "rules.yaml"))
    assert (ended.exit_code, "the rules cannot be read" in " ".join(ended.stderr.split())) == (2, True)


def test_whoever_may_not_use_the_purpose_neither_judges_nor_opens(made: Company) -> None:
    scope = Scope(role=Role.SCIENTIST, purposes=frozenset({"churn"}), views=frozenset({EVERYTHING}))
    other = authenticate(made.hub, add(made.hub, "churn only", scope, made.owner)[1])
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        voicing.judge(made.hub, other, KEY, "refuted", evidence="no")
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        voicing.evidence_of(made.hub, other, KEY)
    with pytest.raises(AccessRefused):
        voicing.study(made.hub, other)
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        voice_tasks.close(made.hub, other, "k1", Outcome.DONE)
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        answering.note(made.hub, other, "fault_nb", answering.Outcome.EDITED)
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        answering.look(made.hub, other)
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        voicing.page(made.hub, other)
    assert voicing.page(made.hub, made.dpo).missing == ()
    with pytest.raises(StudyNotFound, match="findings"):
        voicing.evidence_of(made.hub, made.owner, "nosuchkey")


@pytest.mark.parametrize("rules", ["- a rule", "a: rule", "- {name: mine}"])
def test_rules_that_make_no_sense_use_up_no_read(made: Company, monkeypatch: pytest.MonkeyPatch, rules: str) -> None:
    monkeypatch.setattr(Gateway, "read", lambda *_, **__: pytest.fail("a view was read"))
    with pytest.raises(ChildFailed, match=r"voice: RuleRefused: .*needs exactly"):
        voicing.study(made.hub, made.scientist, rules=rules)


def opened_for(made: Company, asked: list[dict[str, Any]]) -> int:
    with made.hub.unit_of_work() as session:
        return voice_tasks.open_for(made.hub, session, made.owner.principal_id, asked)


def listed(made: Company) -> list[OpenTask]:
    return [one for one in voice_tasks.listed(made.hub) if one.key == "k1"]


def _study(made: Company, told: str) -> Study:
    later = AT + timedelta(hours=2)
    return Study(study_id=b"s" * 16, as_of=AT, made_at=later, made_by=made.owner.principal_id, told=told)
