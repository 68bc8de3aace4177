"""The Python client against a real server: rows, refusals, expiry, broken streams, and where a token may go."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from hub.api.serve import Certificate, TlsElsewhere, config_of, is_loopback
from hub.calling import ARROW
from hub.client import Client
from hub.errors import AnswerBroken, ReleaseExpired, RequestRefused, ServiceUnreachable, SettingsInvalid
from hub.views.access import Views
from hub.views.departure import verify_unchanged
from hub.views.snapshot import materialise
from hub.views.wire import left_of
from privacy.store.audit import entries
from tests.api.conftest import Caller
from tests.api.server import server_of
from tests.api.world import AS_OF, CHURN, WINBACK, World


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with server_of(world.hub) as url:
        yield url


def test_client_reads_what_python_reads(world: World, address: str) -> None:
    here = Views(world.hub, world.reader)["shopping"].read(purpose=CHURN, as_of=AS_OF)
    there = Client(address, world.reader_token).view("shopping").read(purpose=CHURN, as_of=AS_OF)
    assert there.equals(here)


def test_client_hears_what_the_rows_are_never_used_for_and_may_state_a_use(world: World, address: str) -> None:
    view = Client(address, world.reader_token).view("shopping")
    released = view.release(purpose=CHURN, as_of=AS_OF, use="help_offered")
    assert released.prohibited_uses == ("higher_price", "refusal", "worse_terms")
    with pytest.raises(RequestRefused, match="use_prohibited"):
        view.release(purpose=CHURN, as_of=AS_OF, use="worse_terms")


def test_person_who_opted_out_is_gone_for_the_client(world: World, address: str, caller: Caller, person: int) -> None:
    view = Client(address, world.reader_token).view("shopping")
    assert world.pseudonyms[CHURN][person] in set(view.read(purpose=CHURN, as_of=AS_OF)["pseudonym"])
    caller.choose(world.tokens[person], "withdrawn")
    assert world.pseudonyms[CHURN][person] not in set(view.read(purpose=CHURN, as_of=AS_OF)["pseudonym"])


def test_whoever_leaves_after_a_release_is_dropped_from_it(
    world: World, address: str, caller: Caller, person: int
) -> None:
    client, gone = Client(address, world.reader_token), world.pseudonyms[CHURN][person]
    release = client.view("shopping").release(purpose=CHURN, as_of=AS_OF)
    assert client.without_recalled(release).frame.height == release.frame.height
    caller.choose(world.tokens[person], "withdrawn")
    left = client.without_recalled(release)
    assert gone in set(release.frame["pseudonym"])
    assert set(left.frame["pseudonym"]) == set(release.frame["pseudonym"]) - {gone}


def test_refusal_carries_its_reason_and_the_request(world: World, address: str) -> None:
    view = Client(address, world.reader_token).view("shopping")
    with pytest.raises(RequestRefused, match="purpose_not_of_view") as caught:
        view.read(purpose=WINBACK, as_of=AS_OF)
    assert (caught.value.status, caught.value.slug) == (403, "access-refused")
    with pytest.raises(RequestRefused) as unknown:
        Client(address, "nobody").view("shopping").read(purpose=CHURN, as_of=AS_OF)
    assert unknown.value.status == 401


def test_expired_release_is_refused_even_in_hand(world: World, address: str) -> None:
    now = [world.hub.clock()]
    release = (
        Client(address, world.reader_token, clock=lambda: now[0]).view("shopping").release(purpose=CHURN, as_of=AS_OF)
    )
    assert release.frame.height > 0
    now[0] = release.expires_at - timedelta(microseconds=1)
    assert release.frame.height > 0
    now[0] = release.expires_at
    with pytest.raises(ReleaseExpired, match=release.release_id):
        _ = release.frame
    now[0] += timedelta(days=1)
    late = Client(address, world.reader_token, clock=lambda: now[0])
    with pytest.raises(ReleaseExpired):
        late.view("shopping").read(purpose=CHURN, as_of=AS_OF)


def test_stream_stops_when_somebody_in_it_changes(
    world: World, address: str, caller: Caller, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The opt-out is acknowledged between two pieces: the rest of the bytes stays in the hub."""
    monkeypatch.setattr("hub.views.wire.MOST_ROWS", 8)
    fences: list[object] = []

    def fence(hub: object, released: object) -> None:
        if len(fences) == 2:
            assert caller.choose(world.tokens[person], "withdrawn").status_code == 200
        fences.append(released)
        verify_unchanged(hub, released)  # type: ignore[arg-type]  # what the route passes on

    monkeypatch.setattr("hub.api.sheets.verify_unchanged", fence)
    with pytest.raises(AnswerBroken, match="stopped"):
        Client(address, world.reader_token).view("shopping").read(purpose=CHURN, as_of=AS_OF)
    assert len(fences) == 3
    with world.hub.reading() as session:
        _, intent = entries(session, action="view.release.intent", limit=1)[0]
        _, complete = entries(session, action="view.release.complete", limit=1)[0]
    assert intent.fields.act_id != complete.fields.act_id, "an intent without completion is shown"


def test_change_of_somebody_else_does_not_stop_a_stream(
    world: World, address: str, caller: Caller, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.choose(world.tokens[person], "withdrawn", CHURN)
    monkeypatch.setattr("hub.views.wire.MOST_ROWS", 8)

    def fence(hub: object, released: object) -> None:
        caller.choose(world.tokens[person], "objected", WINBACK)
        verify_unchanged(hub, released)  # type: ignore[arg-type]  # what the route passes on

    monkeypatch.setattr("hub.api.sheets.verify_unchanged", fence)
    assert Client(address, world.reader_token).view("shopping").read(purpose=CHURN, as_of=AS_OF).height > 0


def test_caller_who_hangs_up_completes_nothing(world: World, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.views.wire.MOST_ROWS", 4)
    gone, seen = threading.Event(), []

    def fence(*_: object) -> None:
        seen.append(1)
        if len(seen) > 3:
            gone.wait(5)

    monkeypatch.setattr("hub.api.sheets.verify_unchanged", fence)
    host, _, port = address.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    query = f"purpose={CHURN}&as_of={AS_OF.date()}T00:00:00Z"
    connection.request("GET", f"/v1/views/shopping?{query}", headers={"Authorization": f"Bearer {world.reader_token}"})
    response = connection.getresponse()
    release = response.getheader("Varde-Release")
    response.close()
    connection.close()
    time.sleep(0.5)  # the server hears of it while a piece is being fenced
    gone.set()
    monkeypatch.undo()
    Client(address, world.reader_token).view("shopping").read(purpose=CHURN, as_of=AS_OF)
    with world.hub.reading() as session:
        complete = {(entry.fields.act_id or b"").hex() for _, entry in entries(session, action="view.release.complete")}
        intents = {(entry.fields.act_id or b"").hex() for _, entry in entries(session, action="view.release.intent")}
    assert release in intents - complete


def answers_once(response: bytes) -> str:
    """A server that gives one answer, whatever is asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(response)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("head", "because"),
    [
        (f"200 OK\r\nContent-Type: {ARROW}\r\nRepr-Digest: sha-256=:AAAA:\r\nContent-Length: 4\r\n", "digest"),
        (f"200 OK\r\nContent-Type: {ARROW}\r\nContent-Length: 9\r\n", "stopped"),
        ("200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n", "not an Arrow stream"),
    ],
)
def test_altered_answers_are_refused(head: str, because: str) -> None:
    address = answers_once(f"HTTP/1.1 {head}\r\nbody".encode())
    with pytest.raises(AnswerBroken, match=because):
        Client(address, "t").view("shopping").read(purpose=CHURN, as_of=AS_OF)


def test_redirect_is_not_followed() -> None:
    address = answers_once(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(RequestRefused) as caught:
        Client(address, "t").view("shopping").read(purpose=CHURN, as_of=AS_OF)
    assert caught.value.status == 302


def test_absent_server_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServiceUnreachable):
        Client(f"http://127.0.0.1:{port}", "t").view("shopping").read(purpose=CHURN, as_of=AS_OF)


@pytest.mark.parametrize(
    "url", ["http://hub.example.org", "ftp://localhost", "localhost:8400", "https://u:p@h", "http://"]
)
def test_token_never_goes_out_in_clear(url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Client(url, "secret-token")
    assert "secret" not in str(caught.value)


def test_token_is_not_printed() -> None:
    assert "secret" not in repr(Client("https://hub.example.org", "secret-token").view("shopping"))


def test_serving_to_others_needs_tls(world: World) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "hub.example.org"):  # noqa: S104 - refused is what is tested
        with pytest.raises(SettingsInvalid, match="encrypts"):
            config_of(world.hub, host, 8400)
        assert config_of(world.hub, host, 8400, tls=TlsElsewhere.AT_PROXY).host == host
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    folder = world.hub.settings.home
    certificate = config_of(world.hub, "192.0.2.1", 8400, tls=Certificate(folder / "c.pem", folder / "k.pem"))
    assert certificate.ssl_certfile == folder / "c.pem"


def test_server_writes_no_foreign_log_and_no_name(world: World, address: str) -> None:
    config = config_of(world.hub, "127.0.0.1", 8400)
    assert (config.access_log, config.log_config) == (False, None)
    host, _, port = address.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/health")
    response = connection.getresponse()
    assert json.loads(response.read()) == {"status": "ready"}
    assert response.getheader("Server") is None
    connection.close()


def test_all_reads_of_a_view_have_the_names_that_they_have_beside_the_hub(world: World, address: str) -> None:
    here, there = Views(world.hub, world.reader)["shopping"], Client(address, world.reader_token).view("shopping")
    materialise(world.hub, world.owner, "shopping", as_of=AS_OF)
    whole = here.read(purpose=CHURN, as_of=AS_OF)
    assert there.rows(purpose=CHURN).equals(here.rows(purpose=CHURN))
    batches = list(there.scan(purpose=CHURN, as_of=AS_OF))
    assert pl.concat(batches).equals(whole)
    pairs = whole.select("pseudonym").head(7).with_columns(as_of=pl.lit(AS_OF).cast(pl.Datetime("us", "UTC")))
    assert there.join(pairs, purpose=CHURN).equals(here.join(pairs, purpose=CHURN))
    assert there.join(pairs, purpose=CHURN).drop("as_of").equals(whole.head(7))
    told = there.describe()
    assert (told["spec_hash"], told["snapshot"]["rows"]) == (here.describe().spec_hash, whole.height)
    assert there.schema() == {name: str(kind) for name, kind in here.schema().items() if name != "pseudonym"}


def test_a_scan_that_is_stopped_or_altered_says_so_at_its_end(
    world: World, address: str, caller: Caller, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.views.wire.MOST_ROWS", 8)
    view = Client(address, world.reader_token).view("shopping")
    assert len(list(view.scan(purpose=CHURN, as_of=AS_OF))) > 5
    fences: list[None] = []

    def fence(hub: object, released: object) -> None:
        if len(fences) == 2:
            caller.choose(world.tokens[person], "withdrawn")
        fences.append(None)
        verify_unchanged(hub, released)  # type: ignore[arg-type]  # what the route passes on

    monkeypatch.setattr("hub.api.sheets.verify_unchanged", fence)
    with pytest.raises(AnswerBroken, match="stopped"):
        list(view.scan(purpose=CHURN, as_of=AS_OF))
    monkeypatch.undo()
    monkeypatch.setattr("hub.api.sheets.left_of", lambda pieces: replace(left_of(pieces), sha256=bytes(32)))
    with pytest.raises(AnswerBroken, match="digest"):
        list(view.scan(purpose=CHURN, as_of=AS_OF))


def test_recalls_of_all_releases_are_asked_at_once(world: World, address: str, caller: Caller, person: int) -> None:
    client, since = Client(address, world.reader_token), world.hub.clock()
    release = client.view("shopping").release(purpose=CHURN, as_of=AS_OF)
    assert release.release_id not in client.recalls(since=since)
    gone = world.pseudonyms[CHURN][person]
    caller.choose(world.tokens[person], "withdrawn", CHURN)
    assert gone in client.recalls(since=since)[release.release_id].pseudonyms
    assert client.recalls(since=world.hub.clock() + timedelta(days=1)) == {}
