"""`varde subject token`: issued once, listed without tokens, revoked at once, and audited each time."""

import stat
from pathlib import Path

import pytest

from hub.clock import now
from hub.compose import Hub, open_hub
from hub.settings import Settings
from privacy.store.subject_token import SubjectScope, SubjectToken, find_subject_token
from tests.integration.cli_desk import AT, SECRETS, Desk, stocked

ISSUE = ("subject", "token", "issue")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def opened(desk: Desk, token: str) -> SubjectToken | None:
    hub: Hub = open_hub(Settings.load({}, desk.home), clock=now)
    try:
        with hub.reading() as session:
            return find_subject_token(session, token, at=AT)
    finally:
        hub.engine.dispose()


def tokens(desk: Desk, who: str = "shop:1") -> list[dict[str, object]]:
    found: list[dict[str, object]] = desk.json("subject", "token", "list", who)
    return found


def audited(desk: Desk) -> list[str]:
    return [each["action"] for each in desk.json("audit", "log") if each["action"].startswith("subject_token.")]


def test_a_token_is_printed_once_and_opens_what_was_said(desk: Desk) -> None:
    ended = desk.run(*ISSUE, "-", "--purpose", "churn", "--expires", "2025-07-01", stdin="shop:1\n", role="agent")
    token = ended.stdout.strip()
    assert ended.exit_code == 0
    assert len(token) >= 43
    assert token not in ended.stderr
    found = opened(desk, token)
    assert found is not None
    assert (found.scope, found.purposes) == (SubjectScope.OPT_OUT, {"churn"})
    (row,) = tokens(desk)
    assert (row["scope"], row["purposes"], row["revoked_at"], row["live"]) == ("opt_out", ["churn"], None, True)
    assert token not in str(row)
    assert sorted(audited(desk)) == ["subject_token.issue", "subject_token.list"]


def test_a_token_file_is_for_its_owner_and_nothing_is_printed(desk: Desk) -> None:
    ended = desk.run(*ISSUE, "shop:1", "--scope", "choices", "--token-file", desk.path("link.token"))
    assert (ended.exit_code, ended.stdout) == (0, "")
    file = Path(desk.path("link.token"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = opened(desk, file.read_text())
    assert found is not None
    assert (found.scope, found.purposes) == (SubjectScope.CHOICES, {"*"})


@pytest.mark.parametrize(
    ("role", "more", "code"),
    [(None, (), 0), ("agent", (), 4), (None, ("--expires", "2099-01-01"), 4), ("agent", ("--dry-run",), 4)],
)
def test_only_who_answers_for_the_gate_vouches_for_a_person_and_for_minutes(
    desk: Desk, role: str | None, more: tuple[str, ...], code: int
) -> None:
    ended = desk.run(*ISSUE, "shop:1", "--scope", "verified", *more, role=role)
    assert ended.exit_code == code
    assert [row["scope"] for row in tokens(desk)] == ([] if code else ["verified"])


def test_revoking_ends_every_token_of_the_person_and_no_others(desk: Desk) -> None:
    mine = [desk.run(*ISSUE, "shop:1").stdout.strip() for _ in range(2)]
    other = desk.run(*ISSUE, "shop:2").stdout.strip()
    assert desk.run("subject", "token", "revoke", "shop:1", "--dry-run").exit_code == 0
    assert opened(desk, mine[0]) is not None
    ended = desk.run("subject", "token", "revoke", "shop:1", role="dpo")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "Revoked 2 tokens" in ended.stderr
    assert [opened(desk, each) is not None for each in (*mine, other)] == [False, False, True]
    assert [row["live"] for row in tokens(desk)] == [False, False]
    assert "subject_token.revoke" in audited(desk)


@pytest.mark.parametrize("act", ["issue", "revoke", "list"])
def test_role_is_checked_before_anybody_is_looked_up(desk: Desk, act: str) -> None:
    answers = {who: desk.run("subject", "token", act, who, role="scientist") for who in ("shop:1", "shop:nobody")}
    assert {ended.exit_code for ended in answers.values()} == {4}
    assert len({ended.stderr for ended in answers.values()}) == 1
    assert audited(desk) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("shop:nobody",), 2),
        (("email:familie@example.org",), 4),
        (("shop:1", "--expires", "2020-01-01"), 2),
        (("shop:1", "--purpose", "no_such"), 2),
        (("shop:1", "--dry-run"), 0),
    ],
)
def test_what_cannot_be_issued_issues_nothing(desk: Desk, words: tuple[str, ...], code: int) -> None:
    ended = desk.run(*ISSUE, *words)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert not any(secret in ended.output for secret in SECRETS)
    assert tokens(desk) == []
