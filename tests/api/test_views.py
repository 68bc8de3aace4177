"""Views over HTTP: the same rows in every form, announced by their headers, and only for who may read them."""

import base64
import hashlib
from datetime import timedelta
from io import BytesIO

import httpx
import polars as pl
import pytest

from hub.api import joins
from hub.api.formats import ARROW, CSV, JSON, PARQUET, format_of
from hub.authentication import Scope, add, withdraw
from hub.views.access import Views
from privacy.store.audit import entries
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.world import AS_OF, CHURN, WINBACK, World

QUESTION = {"purpose": CHURN, "as_of": AS_OF.isoformat()}


def frame_of(answer: httpx.Response) -> pl.DataFrame:
    kind, body = answer.headers["content-type"].partition(";")[0], BytesIO(answer.content)
    if kind == ARROW:
        return pl.read_ipc_stream(body)
    if kind == PARQUET:
        return pl.read_parquet(body)
    text = {"pseudonym": pl.String, "orders": pl.Int64, "amount": pl.Int64}
    frame = pl.read_csv(body, schema=text) if kind == CSV else pl.read_json(body, schema=text)
    return frame.with_columns(pl.col("pseudonym").str.decode("hex"))


@pytest.mark.parametrize("media_type", [ARROW, PARQUET, CSV, JSON])
def test_every_form_holds_what_python_reads(caller: Caller, world: World, media_type: str) -> None:
    here = Views(world.hub, world.reader)["shopping"].read(purpose=CHURN, as_of=AS_OF)
    answer = caller.read(headers={"Accept": media_type})
    assert answer.headers["content-type"].startswith(media_type)
    there = frame_of(answer)
    assert there.equals(here)
    assert there.schema == here.schema
    assert here.height > 50
    assert answer.headers["varde-rows"] == str(here.height)


def test_headers_announce_the_release(caller: Caller, world: World) -> None:
    answer = caller.read()
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store"
    with world.hub.reading() as session:
        noted = [entries(session, action=f"view.release.{step}", limit=1)[0] for step in ("intent", "complete")]
    (intent_leaf, intent), (complete_leaf, complete) = noted
    assert intent_leaf < complete_leaf
    assert intent.fields.act_id == complete.fields.act_id == bytes.fromhex(answer.headers["varde-release"])
    assert complete.fields.sha256 == hashlib.sha256(answer.content).hexdigest(), "the audited digest is the stream's"


def test_read_is_bound_to_role_purpose_and_view(caller: Caller, world: World) -> None:
    def token(role: Role, purposes: str, views: str) -> str:
        scope = Scope(role=role, purposes=frozenset(purposes.split()), views=frozenset(views.split()))
        return add(world.hub, f"{role} {purposes} {views}", scope, world.owner)[1]

    refused = {
        token(Role.AGENT, "*", "*"): "role_may_not_read",
        token(Role.SCIENTIST, WINBACK, "*"): "credential_not_bound",
        token(Role.SCIENTIST, "*", "invited"): "credential_not_bound",
    }
    for credential, because in refused.items():
        answer = caller.call("GET", "/v1/views/shopping", credential, params=QUESTION)
        assert (answer.status_code, because in answer.json()["detail"]) == (403, True)
    allowed = token(Role.SCIENTIST, CHURN, "shopping")
    assert caller.call("GET", "/v1/views/shopping", allowed, params=QUESTION).status_code == 200


def test_purpose_narrows_and_never_widens(caller: Caller) -> None:
    answer = caller.read("shopping", WINBACK)
    assert answer.status_code == 403
    assert "purpose_not_of_view" in answer.json()["detail"]


def test_revoked_and_expired_credentials_read_nothing(caller: Caller, world: World) -> None:
    everything = frozenset({"*"})
    soon = world.hub.clock() - timedelta(seconds=1)
    _, expired = add(
        world.hub,
        "expired",
        Scope(role=Role.SERVICE, purposes=everything, views=everything, expires_at=soon),
        world.owner,
    )
    principal, revoked = add(
        world.hub, "revoked", Scope(role=Role.SERVICE, purposes=everything, views=everything), world.owner
    )
    assert caller.call("GET", "/v1/views/shopping", revoked, params=QUESTION).status_code == 200
    withdraw(world.hub, principal.principal_id, world.owner)
    answers = [
        caller.call("GET", "/v1/views/shopping", token, params=QUESTION)
        for token in (None, "unknown", expired, revoked, world.tokens[0])
    ]
    assert [answer.status_code for answer in answers] == [401] * 5
    bodies = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)


def test_unknown_and_unapproved_views_are_one_answer(caller: Caller) -> None:
    answer = caller.read("nothing_here")
    assert answer.status_code == 403
    assert "nothing_here" not in answer.text


def test_instant_off_the_grid_is_refused(caller: Caller, world: World) -> None:
    question = QUESTION | {"as_of": (AS_OF + timedelta(hours=1)).isoformat()}
    answer = caller.call("GET", "/v1/views/shopping", world.reader_token, params=question)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:varde:problem:cut-refused")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*, text/html"])
def test_no_acceptable_form_is_406(caller: Caller, accept: str) -> None:
    assert caller.read(headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, ARROW),
        ("*/*", ARROW),
        ("application/*;q=0.5, text/csv", CSV),
        ("text/*", CSV),
        ("application/json, */*;q=0.1", JSON),
        ("application/vnd.apache.arrow.stream;q=0, */*", PARQUET),
        ("TEXT/CSV", CSV),
        ("text/csv;q=oops, application/json;q=0.1", JSON),
        ("text/html;q=1, application/vnd.apache.parquet;q=0.2", PARQUET),
        ("text/csv;q=7", None),
        ("", ARROW),
    ],
)
def test_form_is_chosen_as_rfc_9110_says(accept: str | None, chosen: str | None) -> None:
    found = format_of(accept)
    assert (found.media_type if found else None) == chosen


def test_views_in_python_are_a_mapping_of_approved_names(world: World) -> None:
    views = Views(world.hub, world.reader)
    assert {"invited", "shopping"} <= set(views)  # other tests of this world approve more
    assert len(views) == len(set(views))
    assert "nothing" not in views
    with pytest.raises(KeyError):
        views["nothing"]
    released = views["invited"].release(purpose=WINBACK, as_of=AS_OF)
    assert released.frame.columns == ["pseudonym", "orders", "amount"]


def test_the_answer_tells_what_the_rows_are_never_used_for(caller: Caller) -> None:
    answer = caller.read(headers={"Accept": ARROW})
    assert answer.headers["varde-prohibited-uses"] == "higher_price, refusal, worse_terms"
    assert b"varde.prohibited_uses" in answer.content


@pytest.mark.parametrize(("use", "status"), [("help_offered", 200), ("refusal", 403), ("anything", 422)])
def test_a_stated_use_is_held_against_the_list(caller: Caller, world: World, use: str, status: int) -> None:
    question = QUESTION | {"use": use}
    answer = caller.call("GET", "/v1/views/shopping", world.reader_token, params=question)
    assert answer.status_code == status
    if status == 200:
        with world.hub.reading() as session:
            _, intent = entries(session, action="view.release.intent", limit=1)[0]
        assert (intent.fields.use, intent.fields.prohibited_uses) == (use, ("higher_price", "refusal", "worse_terms"))


def test_a_large_body_leaves_in_chunks_and_its_digest_stands_in_the_log(
    caller: Caller, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.views.wire.MOST_ROWS", 8)
    here = Views(world.hub, world.reader)["shopping"].read(purpose=CHURN, as_of=AS_OF)
    for media_type in (CSV, JSON):
        answer = caller.read(headers={"Accept": media_type})
        assert frame_of(answer).equals(here)
        assert not {"content-length", "repr-digest"} & set(answer.headers)
        with world.hub.reading() as session:
            _, complete = entries(session, action="view.release.complete", limit=1)[0]
        assert complete.fields.act_id == bytes.fromhex(answer.headers["varde-release"])
        assert complete.fields.sha256 == hashlib.sha256(answer.content).hexdigest()
    answer = caller.read(headers={"Accept": ARROW})
    assert answer.headers["content-length"] == str(len(answer.content)), "an Arrow stream is digested beforehand"


def test_a_body_of_pairs_may_be_long_once_it_is_known_who_calls(caller: Caller, world: World) -> None:
    path, long = "/v1/views/shopping/joined", bytes(1 << 20)
    asked = {"params": {"purpose": CHURN}, "content": long}
    assert caller.call("POST", path, None, **asked).status_code == 401
    pair = f"{'0' * 32},{AS_OF:%Y-%m-%dT%H:%M:%SZ}"
    unfit = [long, b"", b"pseudonym\n", b"pseudonym,as_of", b"pseudonym,as_of\nx,y", b"pseudonym,as_of\n,\n"]
    unfit += [f"pseudonym,as_of\n{each}".encode() for each in (pair[1:], pair[:-1], f"{pair},1", f'"{pair}"')]
    for body in unfit:
        answer = caller.call("POST", path, world.reader_token, params={"purpose": CHURN}, content=body)
        slug = answer.json()["type"].removeprefix("urn:varde:problem:")
        assert (answer.status_code, slug in {"body-unfit", "rows-refused"}) == (422, True), body[:40]
    for at in (
        "-0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "+262142-01-01T00:00:00Z",
        f"{AS_OF:%Y-%m-%dT%H:%M:%S}.0000001Z",
    ):
        unfit = f"pseudonym,as_of\n{'0' * 32},{at}".encode()
        assert (
            caller.call("POST", path, world.reader_token, params={"purpose": CHURN}, content=unfit).status_code == 422
        )
    many = "\n".join(["pseudonym,as_of", *[pair] * 20_000])
    answer = caller.call("POST", path, world.reader_token, params={"purpose": CHURN}, content=many.encode())
    assert (answer.status_code, answer.headers["varde-rows"]) == (200, "0")
    huge = {"params": {"purpose": CHURN}, "headers": {"Content-Length": str(1 << 40)}}
    assert caller.call("POST", path, world.reader_token, **huge, content=b"").status_code == 413


def test_a_body_of_pairs_is_taken_in_only_from_who_may_read(
    caller: Caller, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of nothing takes fifty times its length in memory: neither the stranger's nor many of them are parsed."""
    parsed: list[bytes] = []
    read_csv = pl.read_csv

    def watched(source: BytesIO, **how: object) -> pl.DataFrame:
        parsed.append(source.getvalue())
        return read_csv(source, **how)  # type: ignore[arg-type]  # what the caller passes on

    monkeypatch.setattr(joins.pl, "read_csv", watched)
    everything = frozenset({"*"})
    _, agent = add(world.hub, "agent", Scope(role=Role.AGENT, purposes=everything, views=everything), world.owner)
    path, asked = "/v1/views/shopping/joined", {"params": {"purpose": CHURN}}
    answer = caller.call("POST", path, agent, **asked, content=b"pseudonym,as_of\n")
    assert (answer.status_code, "role_may_not_read" in answer.json()["detail"]) == (403, True)
    lines = b"pseudonym,as_of" + b"\n" * (joins.MOST_LINES + 2)
    answer = caller.call("POST", path, world.reader_token, **asked, content=lines)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:varde:problem:body-unfit")
    assert not parsed
    assert caller.call("POST", path, world.reader_token, **asked, content=lines[:-1]).status_code == 422
    assert len(parsed) == 1, "as many lines as may be are looked at"


def test_years_that_no_data_has_are_refused(caller: Caller, world: World) -> None:
    for at in ("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T00:00:00-14:00"):
        answer = caller.call("GET", "/v1/views/shopping", world.reader_token, params=QUESTION | {"as_of": at})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:varde:problem:cut-refused")
