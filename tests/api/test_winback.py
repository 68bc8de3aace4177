"""`/v1/winback/letters`: looked at, changed, approved and refused by people with tokens of their own."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from anyio import CapacityLimiter

from hub.api import winback
from hub.authentication import Scope, add
from hub.winback import judging
from privacy.terms import Role
from tests.api.conftest import Caller, called
from tests.api.world import World
from tests.audit_faults import broken
from tests.winback_builders import Left, drafted, in_process, left

LETTERS = "/v1/winback/letters"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Left:
    made = left(Path(tmp_path_factory.mktemp("letters")))
    with in_process():
        drafted(made)
    return made


@pytest.fixture(scope="module")
def desk(here: Left) -> Iterator[Caller]:
    with called(cast("World", here)) as found:
        yield found


def token(here: Left, label: str, role: Role = Role.SUCCESS, **bound: Any) -> str:
    everything = frozenset({"*"})
    scope = Scope(role=role, **{"purposes": everything, "views": everything, **bound})
    return add(here.hub, label, scope, here.owner)[1]


def test_a_colleague_looks_and_approves_and_the_author_cannot(here: Left, desk: Caller) -> None:
    author, colleague = token(here, "success"), token(here, "colleague")
    letter = desk.call("GET", LETTERS, colleague).json()[0]["letter"]
    path = f"{LETTERS}/{letter}"
    assert desk.call("POST", f"{path}/approval", colleague).status_code == 403, "nothing was shown to them yet"
    shown = desk.call("POST", f"{path}/look", colleague).json()
    assert "[[name]]" in shown["body"]
    assert "last_month" in shown["facts"]
    desk.call("POST", f"{path}/look", author)
    assert "own_eyes" in desk.call("POST", f"{path}/approval", author).text
    assert desk.call("POST", f"{path}/approval", colleague).json() == {"letter": letter, "state": "approved"}
    assert here.audited("winback.approve")[0]["four_eyes"] is True
    risky = {"subject": "Hei", "body": f"{shown['body']} Your risk score is high."}
    refused = desk.call("PUT", f"{path}/text", colleague, json=risky)
    assert refused.status_code == 422
    assert "high" not in refused.text
    changed = desk.call("PUT", f"{path}/text", colleague, json={**risky, "body": f"{shown['body']} Ha det."})
    assert changed.json()["state"] == "draft"
    assert desk.call("POST", f"{path}/refusal", colleague).json()["state"] == "refused"


def test_a_language_model_proposes_and_who_asked_is_its_author(
    here: Left, desk: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, colleague = token(here, "asker"), token(here, "colleague")
    letter = desk.call("GET", LETTERS, colleague).json()[0]["letter"]
    path = f"{LETTERS}/{letter}"
    assert "no_language_model" in desk.call("POST", f"{path}/proposal", asker).text
    monkeypatch.setattr(winback, "language_model_of", lambda _settings: lambda _language, text: f"{text} Risk score!")
    refused = desk.call("POST", f"{path}/proposal", asker)
    assert (refused.status_code, "Risk" in refused.text) == (422, False), "thrown away, and not repeated"
    monkeypatch.setattr(winback, "language_model_of", lambda _settings: lambda _language, text: f"{text}\n")
    assert desk.call("POST", f"{path}/proposal", asker).json() == {"letter": letter, "state": "draft"}
    desk.call("POST", f"{path}/look", asker)
    assert "own_eyes" in desk.call("POST", f"{path}/approval", asker).text
    assert desk.call("POST", f"{path}/proposal", asker).status_code == 403, "it is not as it was written any more"
    assert desk.call("POST", f"{path}/refusal", colleague).json()["state"] == "refused"


def test_who_may_not_learns_nothing_and_a_broken_log_shows_nothing(here: Left, desk: Caller) -> None:
    letter = desk.call("GET", LETTERS, token(here, "colleague")).json()[0]["letter"]
    others = (token(here, "agent", Role.AGENT), token(here, "bound", views=frozenset({"shopping"})))
    for who in others:
        assert desk.call("GET", LETTERS, who).status_code == 403
        assert desk.call("POST", f"{LETTERS}/{letter}/look", who).status_code == 403
        assert "no_language_model" not in desk.call("POST", f"{LETTERS}/{letter}/proposal", who).text
    assert desk.call("POST", f"{LETTERS}/{letter}/look").status_code == 401
    colleague = token(here, "colleague")
    with broken(here.hub.settings.home / "control.db", "leaf_refused"):
        answer = desk.call("POST", f"{LETTERS}/{letter}/look", colleague)
    assert answer.status_code == 503
    assert "[[name]]" not in answer.text


def test_who_waits_for_a_language_model_takes_no_place_of_a_read(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = SimpleNamespace(settings=SimpleNamespace(language_model=None))

    async def waited() -> list[int]:
        service = SimpleNamespace(hub=hub, reads=CapacityLimiter(1), proposals=CapacityLimiter(1))
        taken: list[int] = []
        monkeypatch.setattr(judging, "propose", lambda *_: taken.append(service.reads.borrowed_tokens))
        await winback.post_proposal("00" * 16, cast("Any", None), cast("Any", service))
        return taken

    assert anyio.run(waited) == [0]
