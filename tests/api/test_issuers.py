"""ID tokens of configured issuers: what they prove, and every way in which one proves nothing."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.errors import IdentityNotProven, ServiceUnreachable, SettingsInvalid
from hub.identification.issuer import issuers_of
from hub.identification.jwks import FRESH_FOR, MOST_AGE, SPACING, KeyCache
from hub.subject_tokens import authenticate_subject
from privacy.store.subject_token import SubjectScope
from tests.builders import DATABASES, NOON, FixedClock
from tests.identity_builders import KARI, NOBODY, OLD, SHARED, Town, town_of

ISSUER, AUDIENCE = "https://id.example", "varde"


@cache
def keys() -> dict[str, Any]:
    return {
        "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
        "other": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
        "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
        "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    }


def jwks(*names: str) -> str:
    return json.dumps({"keys": [keys()[name].as_dict(private=False) for name in names]})


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOON.timestamp())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "4711",
        "iat": now,
        "exp": now + 300,
        "email": KARI,
        "email_verified": True,
        "customer": "kari",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: str = "rsa", header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {name: value for name, value in ({"alg": "RS256", "kid": "rsa"} | (header or {})).items() if value}
    return jwt.encode(head, claims(**changes), keys()[key], algorithms=[head["alg"]])


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.fixture(params=DATABASES)
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    hub = request.getfixturevalue("hub_factory")(request.param)
    with town_of(hub, tmp_path, monkeypatch, issuers=issuers_in(tmp_path)) as made:
        yield made


@pytest.fixture
def little(hub_factory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch, issuers=issuers_in(tmp_path)) as made:
        yield made


def issuers_in(folder: Path) -> tuple[dict[str, Any], ...]:
    (folder / "jwks.json").write_text(jwks("rsa", "ec", "ed"), encoding="utf-8")
    place = {"audience": AUDIENCE, "jwks": f"file:{folder / 'jwks.json'}"}
    return (
        {"issuer": ISSUER, "algorithms": ["RS256", "ES256", "Ed25519"], **place},
        {"issuer": "https://shop.example", "claim": "customer", "attribute": "key:shop", **place},
    )


def exchange(town: Town, token: str) -> httpx.Response:
    return town.call("POST", "/v1/identify/token", json={"token": token})


@pytest.mark.parametrize(
    "token",
    [
        signed,
        lambda: signed("ec", {"alg": "ES256", "kid": "ec", "typ": "JWT"}),
        lambda: signed("ed", {"alg": "Ed25519", "kid": "ed"}),
        lambda: signed(aud=["other", AUDIENCE], azp=AUDIENCE),
        lambda: signed(email=" Kari@EXAMPLE.org"),
        lambda: signed(iss="https://shop.example", email=None),
        lambda: signed(iat=int(NOON.timestamp()) + 20),
    ],
    ids=["rs256", "es256", "ed25519", "two audiences", "written otherwise", "a source's key", "clocks differ"],
)
def test_who_was_signed_in_elsewhere_is_known_here(town: Town, token: Any) -> None:
    answer = exchange(town, token())
    assert answer.status_code == 200, answer.text
    with town.hub.reading() as session:
        opened = authenticate_subject(town.hub, session, answer.json()["token"])
    assert (opened.record_id, opened.scope) == (town.record(), SubjectScope.VERIFIED)
    assert town.audited("identity.prove")[0]["reason"] == "issuer"


def test_a_shared_address_proves_nobody_in_particular(little: Town) -> None:
    assert exchange(little, signed(email=SHARED)).json()["scope"] == "opt_out"


@pytest.mark.parametrize("who", [NOBODY, OLD])
def test_who_is_not_here_is_told_so(little: Town, who: str) -> None:
    answer = exchange(little, signed(email=who))
    assert answer.status_code == 404
    assert who not in answer.text


def none_alg() -> str:
    return f"{part({'alg': 'none'})}.{part(claims())}."


def confused() -> str:
    """Sign with the public key as if it were a shared secret (CVE-2015-9256 and its like)."""
    head = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims())}"
    secret = keys()["rsa"].as_pem(private=False)
    mac = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def altered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(claims(email=SHARED))}.{signature}"


def critical() -> str:
    head = part({"alg": "RS256", "kid": "rsa", "crit": ["x"], "x": 1})
    return f"{head}.{signed().split('.', 1)[1]}"


def own_key() -> str:
    return signed("other", {"jwk": keys()["other"].as_dict(private=False)})


NOW = int(NOON.timestamp())
PROVES_NOTHING: dict[str, Any] = {
    "no algorithm": none_alg,
    "public key as secret": confused,
    "an algorithm not allowed": lambda: signed(header={"alg": "RS384"}),
    "another's key of that name": lambda: signed("other"),
    "a key that it brings along": own_key,
    "an unknown key": lambda: signed(header={"kid": "nobody's"}),
    "a key of another kind": lambda: signed(header={"kid": "ec"}),
    "no key named": lambda: signed(header={"kid": None}),
    "altered": altered,
    "unknown issuer": lambda: signed(iss="https://evil.example"),
    "no issuer": lambda: signed(iss=None),
    "issuer of another kind": lambda: signed(iss=["https://id.example"]),
    "for somebody else": lambda: signed(aud="other"),
    "for nobody": lambda: signed(aud=None),
    "asked for by somebody else": lambda: signed(aud=[AUDIENCE, "other"], azp="other"),
    "expired": lambda: signed(exp=NOW - 31),
    "never expires": lambda: signed(exp=None),
    "expires in words": lambda: signed(exp="never"),
    "not yet": lambda: signed(nbf=NOW + 60),
    "of the future": lambda: signed(iat=NOW + 60),
    "of no time": lambda: signed(iat=None),
    "an hour old": lambda: signed(iat=NOW - 3601),
    "of nobody": lambda: signed(sub=None),
    "address not verified": lambda: signed(email_verified=False),
    "address not said to be verified": lambda: signed(email_verified=None),
    "address verified in words": lambda: signed(email_verified="true"),
    "no address": lambda: signed(email=None),
    "address that is none": lambda: signed(email="kari"),
    "a list of addresses": lambda: signed(email=[KARI]),
    "an access token": lambda: signed(header={"typ": "at+jwt"}),
    "a critical header": lambda: (
        f"{part({'alg': 'RS256', 'kid': 'rsa', 'crit': ['x'], 'x': 1})}.{signed().split('.', 1)[1]}"
    ),
    "no token": lambda: "kari@example.org",
    "three dots": lambda: "...",
    "not base64": lambda: "a.!!!.c",
    "not JSON": lambda: "YQ.YQ.YQ",
    "nested without end": lambda: f"YQ.{base64.urlsafe_b64encode(b'[' * 3000).decode()}.YQ",
}


def test_nothing_else_proves_anything_and_all_of_it_is_answered_alike(little: Town) -> None:
    told = {}
    for name, token in PROVES_NOTHING.items():
        answer = exchange(little, token())
        told[name] = (answer.status_code, {**answer.json(), "instance": ""})
    assert {name: status for name, (status, _) in told.items() if status != 401} == {}
    assert len({json.dumps(body) for _, body in told.values()}) == 1
    assert little.audited("identity.prove") == []


def test_a_token_that_is_too_long_is_refused_before_it_is_read(little: Town) -> None:
    answer = exchange(little, "x" * 9000)
    assert answer.status_code == 422
    assert "xxxx" not in answer.text


# -- saying no before anybody knows us -----------------------------------------------------------------------------


def test_a_no_is_answered_alike_for_known_and_unknown_and_counts_for_both(town: Town) -> None:
    answers = [
        town.call("POST", "/v1/identify/token/opt-out", json={"token": signed(email=who), "purpose": "churn"})
        for who in (KARI, NOBODY)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    outcomes = [entry["outcome"] for entry in town.audited("suppression.note")]
    assert sorted(outcomes) == ["applied", "waits"]
    (objected,) = town.audited("consent.objected")
    assert objected["records"] == (town.record(),)


def test_a_no_to_an_unknown_purpose_or_without_proof_does_nothing(little: Town) -> None:
    for token, purpose, status in ((signed(), "no_such", 404), (none_alg(), "churn", 401)):
        body = {"token": token, "purpose": purpose}
        assert little.call("POST", "/v1/identify/token/opt-out", json=body).status_code == status
    assert little.audited("suppression.note") == []


# -- the issuer's keys ---------------------------------------------------------------------------------------------


class KeyServer:
    """Serves one document and counts who asks."""

    def __init__(self) -> None:
        self.document, self.status, self.asked = jwks("rsa").encode(), 200, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(outer.document)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def place(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/keys"


@contextmanager
def key_server() -> Iterator[KeyServer]:
    served = KeyServer()
    thread = Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.server.shutdown()
        thread.join()
        served.server.server_close()


def test_keys_are_fetched_once_and_again_when_they_are_old_or_one_is_missing(clock: FixedClock) -> None:
    with key_server() as served:
        cache = KeyCache(served.place)
        for _ in range(5):
            cache.key_of("rsa", at=clock())
        assert served.asked == 1
        served.document = jwks("rsa", "ec").encode()
        clock.forward(seconds=SPACING.total_seconds())
        assert cache.key_of("ec", at=clock()).kid == "ec"
        assert served.asked == 2
        clock.forward(seconds=FRESH_FOR.total_seconds() + 1)
        cache.key_of("rsa", at=clock())
        assert served.asked == 3


def test_made_up_key_names_make_nobody_fetch_without_end(clock: FixedClock) -> None:
    with key_server() as served:
        cache = KeyCache(served.place)
        for number in range(50):
            with pytest.raises(IdentityNotProven):
                cache.key_of(f"made-up-{number}", at=clock())
            clock.forward(seconds=1)
        assert served.asked == 2


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (500, b"{}"),
        (302, b""),
        (200, b"no keys"),
        (200, b'{"keys": []}'),
        (200, b" " * ((1 << 18) + 1)),
        (200, json.dumps({"keys": [OctKey.generate_key(256, {"kid": "rsa"}).as_dict()]}).encode()),
        (200, json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "rsa"}).as_dict(private=True)]}).encode()),
        (200, json.dumps({"keys": [{"kty": "RSA", "use": "enc", "kid": "rsa"}]}).encode()),
    ],
    ids=["error", "redirect", "garbage", "empty", "too long", "a secret", "a private key", "for encryption"],
)
def test_keys_that_cannot_be_had_leave_the_known_ones_for_a_while(
    clock: FixedClock, status: int, document: bytes
) -> None:
    with key_server() as served:
        cache = KeyCache(served.place)
        cache.key_of("rsa", at=clock())
        served.status, served.document = status, document
        clock.forward(seconds=FRESH_FOR.total_seconds() + 1)
        assert cache.key_of("rsa", at=clock()).kid == "rsa"
        clock.forward(seconds=MOST_AGE.total_seconds())
        with pytest.raises(ServiceUnreachable) as told:
            cache.key_of("rsa", at=clock())
        assert "127.0.0.1" not in str(told.value)


def test_a_key_that_the_issuer_withdrew_ends(clock: FixedClock) -> None:
    with key_server() as served:
        cache = KeyCache(served.place)
        cache.key_of("rsa", at=clock())
        served.document = jwks("ec").encode()
        clock.forward(seconds=FRESH_FOR.total_seconds() + 1)
        with pytest.raises(IdentityNotProven):
            cache.key_of("rsa", at=clock())
        assert cache.key_of(None, at=clock() + timedelta(0)).kid == "ec"


GOOD = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": "https://id.example/keys"}


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
        {"algorithms": "RS256"},
        {"jwks": "http://id.example/keys"},
        {"jwks": "ftp://id.example/keys"},
        {"audience": ""},
        {"issuer": 7},
        {"attribute": "phone"},
        {"attribute": "key:shop"},
        {"secret": "x"},
    ],
)
def test_an_issuer_that_cannot_be_trusted_as_written_is_refused(change: dict[str, Any]) -> None:
    assert issuers_of((GOOD,))[0].algorithms == ("RS256", "ES256")
    with pytest.raises(SettingsInvalid, match="issuer"):
        issuers_of((GOOD | change,))
    with pytest.raises(SettingsInvalid, match="two"):
        issuers_of((GOOD, GOOD))
