"""Recipients on both databases: told of the right people by their own names for them, at least once, and kept apart."""

import base64
import ipaddress
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.consents import Wish
from hub.erasing import erase
from hub.erasure.certificate import told_by
from hub.errors import AccessRefused, HubError, SettingsInvalid
from hub.recipients.address import RecipientUnfit, may_reach, networks_of, place_of
from hub.recipients.roster import NewRecipient, enter, leave
from hub.recipients.sending import Round, tell_due
from hub.recipients.store import (
    LEASE,
    TRIED_FOR,
    NoticeKind,
    NoticeState,
    RecipientKind,
    claim_notices,
    notices_of_request,
)
from hub.recipients.webhook import signature
from hub.requests.erasing import carry_out
from hub.requests.rectifying import correct
from hub.requests.weighing import restrict
from hub.suppression.importing import import_opt_outs
from hub.suppression.opt_out import note_opt_out
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.errors import PrivacyError
from privacy.request import Right
from privacy.store.audit import entries
from privacy.store.erasure import find_certificate
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests import audit_faults
from tests.builders import DATABASES, FixedClock
from tests.recipient_builders import Shop, shop_in
from tests.request_builders import HEAD, PEOPLE
from tests.smtp_fake import certificate_for
from tests.webhook_fake import is_genuine, receiver


@pytest.fixture(params=DATABASES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return shop_in(request.getfixturevalue("hub_factory")(request.param), tmp_path)


@pytest.fixture
def little(hub_factory: Any, tmp_path: Path) -> Shop:
    return shop_in(hub_factory("sqlite"), tmp_path, people=2)


def test_a_recipient_learns_of_an_erasure_by_the_pseudonym_that_it_has(shop: Shop) -> None:
    with receiver() as box:
        secret = shop.recipient(box)
        released = shop.read()
        done = erase(shop.hub, shop.who(1), shop.dpo)
        assert tell_due(shop.hub) == Round(told=1)
        assert tell_due(shop.hub) == Round()
    ((headers, body),) = box.arrived
    told = json.loads(body)
    assert is_genuine(headers, body, secret)
    assert not is_genuine(headers, body + b" ", secret)
    assert told["type"] == "subject.erasure"
    assert set(told["data"]) == {"purpose", "pseudonyms"}
    assert set(told["data"]["pseudonyms"]) < set(released)
    assert len(told["data"]["pseudonyms"]) == 1
    (notice,) = shop.notices()
    assert (notice.state, notice.status, notice.ended_at) == (NoticeState.TOLD, 204, shop.hub.clock())
    assert notice.envelope == b""
    with shop.hub.reading() as session:
        note = find_certificate(session, done.erasure_id)
    assert note is not None
    listed = told_by(note, shop.hub.verifier_key())["recipients_told"]
    assert listed == [{"recipient": "mailing house", "purpose": "churn", "state": "waiting", "at": None}]


def test_corrected_and_restricted_is_told_in_the_transaction_of_the_act(shop: Shop) -> None:
    with receiver() as box:
        shop.recipient(box)
        shop.read()
        mended, closed = shop.started(1, Right.RECTIFICATION), shop.started(2, Right.RESTRICTION)
        assert correct(shop.hub, mended.request_id, {"city": "Oslo"}, shop.dpo) == 1
        restrict(shop.hub, closed.request_id, shop.dpo)
        assert {(each.kind, each.act_id) for each in shop.notices()} == {
            (NoticeKind.RECTIFICATION, mended.request_id),
            (NoticeKind.RESTRICTION, closed.request_id),
        }
        assert tell_due(shop.hub) == Round(told=2)
    assert len({json.loads(body)["data"]["pseudonyms"][0] for _, body in box.arrived}) == 2


def test_who_was_in_no_release_of_the_purpose_concerns_no_recipient(little: Shop) -> None:
    with receiver() as box:
        little.recipient(box)
        erase(little.hub, little.who(1), little.dpo)
        little.recipient(box, "another", ("winback",))
        little.read()
        erase(little.hub, little.who(2), little.dpo)
    assert [each.recipient for each in little.notices()] == ["mailing house"]


def test_a_restriction_entered_at_the_desk_is_told_too(little: Shop) -> None:
    with receiver() as box:
        little.recipient(box)
        little.read()
        for act in (ConsentAct.OBJECTED, ConsentAct.RESTRICTED):
            wish = Wish(act=act, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
            note_opt_out(little.hub, "shop:c1", wish, little.dpo)
    assert [each.kind for each in little.notices()] == [NoticeKind.RESTRICTION]


def test_a_restriction_that_a_delivery_brings_is_told_once(shop: Shop, tmp_path: Path) -> None:
    contract = PEOPLE.replace("purposes: [winback]", "purposes: [churn]").replace('"yes": given', '"yes": restricted')
    rows = tmp_path / "stops.csv"
    rows.write_text(f"{HEAD}\nc1,Kari N1,k1@example.org,,2025-02-01,yes\n", encoding="utf-8")
    with receiver() as box:
        shop.recipient(box)
        shop.read()
        assert tell_due(shop.hub) == Round()
        summary = ingest_file(contract_of_yaml(contract), rows, shop.hub.ports(shop.owner.principal_id))
        assert summary.counts.quarantined == 0
        assert shop.notices() == []  # the pipeline knows no recipients: whoever sends looks
        assert tell_due(shop.hub) == Round(told=1)
        assert tell_due(shop.hub) == Round()
    assert json.loads(box.arrived[0][1])["type"] == "subject.restriction"


def test_a_file_of_noes_tells_of_whom_it_restricts(little: Shop, tmp_path: Path) -> None:
    rows = tmp_path / "noes.csv"
    noes = ("shop:c1,churn,restricted,,", "shop:c2,churn,objected,,", "shop:c9,churn,restricted,,")
    rows.write_text("\n".join(["identifier,purpose,act,channel,time", *noes]) + "\n", encoding="utf-8")
    with receiver() as box:
        little.recipient(box)
        little.read()
        import_opt_outs(little.hub, rows, little.dpo)
        (notice,) = little.notices()
        assert (notice.kind, notice.record_id) == (NoticeKind.RESTRICTION, little.who(1).records[0])
        assert tell_due(little.hub) == Round(told=1)


def test_what_was_restricted_is_told_when_it_is_lifted(little: Shop) -> None:
    with receiver() as box:
        little.recipient(box)
        little.read()
        home = {"VARDE_HOME": str(little.hub.settings.home)}
        commands = ("restrict shop:c1 churn", "lift restriction shop:c1 churn", "lift objection shop:c2 churn")
        for minutes, command in enumerate(commands):  # of two acts at one instant the stricter counts
            at = little.hub.clock() + timedelta(minutes=minutes)
            invocation = Invocation(clock=FixedClock(at), environment=home)
            result = CliRunner().invoke(make_app(), ["consent", *command.split()], obj=invocation)
            assert result.exit_code == 0, result.output
        assert {each.kind for each in little.notices()} == {NoticeKind.RESTRICTION, NoticeKind.RESTRICTION_LIFTED}


def test_an_act_that_is_undone_tells_nobody(little: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed(Exception):
        pass

    def broken(*_args: object, **_more: object) -> None:
        raise Failed

    with receiver() as box:
        little.recipient(box)
        little.read()
        request = little.started(1, Right.RECTIFICATION)
        monkeypatch.setattr("hub.recipients.telling.add_notices", broken)
        with pytest.raises(Failed):
            correct(little.hub, request.request_id, {"city": "Oslo"}, little.dpo)
        monkeypatch.undo()
    assert little.notices() == []
    assert correct(little.hub, request.request_id, {"city": "Oslo"}, little.dpo) == 1, "nothing of it was written"


def test_who_dies_after_posting_posts_again_under_the_same_id(shop: Shop, clock: FixedClock) -> None:
    class Died(BaseException):
        pass

    def reached(step: str) -> None:
        if step == "notice_posted":
            raise Died

    with receiver() as box:
        shop.recipient(box)
        shop.read()
        erase(shop.hub, shop.who(1), shop.dpo)
        with pytest.raises(Died):
            tell_due(replace(shop.hub, reached=reached))
        assert tell_due(shop.hub) == Round(), "its sender may live"
        clock.forward(seconds=LEASE.total_seconds())
        assert tell_due(shop.hub) == Round(told=1)
    assert len(box.names) == 2
    assert len(set(box.names)) == 1


def test_two_who_look_at_once_do_not_take_the_same_notice(shop: Shop) -> None:
    with receiver() as box:
        shop.recipient(box)
        shop.read()
        erase(shop.hub, shop.who(1), shop.dpo)
        with shop.hub.unit_of_work() as session:
            assert len(claim_notices(session, at=shop.hub.clock(), most=9)) == 1
        with shop.hub.unit_of_work() as session:
            assert claim_notices(session, at=shop.hub.clock(), most=9) == []


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_what_is_no_receipt_is_tried_again_later_each_time_later(little: Shop, clock: FixedClock, status: int) -> None:
    with receiver() as elsewhere, receiver() as box:
        box.location, box.answers = elsewhere.url, [status, status]
        little.recipient(box)
        little.read()
        erase(little.hub, little.who(1), little.dpo)
        assert tell_due(little.hub) == Round(later=1)
        assert (little.notices()[0].status, tell_due(little.hub)) == (status, Round())
        clock.forward(minutes=1)
        assert tell_due(little.hub) == Round(later=1)
        clock.forward(minutes=1)
        assert tell_due(little.hub) == Round()
        clock.forward(minutes=1)
        assert tell_due(little.hub) == Round(told=1)
    assert elsewhere.arrived == [], "no redirect is followed"
    assert len(set(box.names)) == 1


def test_who_never_answers_is_given_up_and_shown(little: Shop, clock: FixedClock) -> None:
    with receiver() as box:
        little.recipient(box)
    little.read()
    erase(little.hub, little.who(1), little.dpo)
    assert tell_due(little.hub) == Round(later=1)
    clock.forward(seconds=TRIED_FOR.total_seconds())
    assert tell_due(little.hub) == Round(expired=1)
    (notice,) = little.notices()
    assert (notice.state, notice.status, notice.envelope) == (NoticeState.EXPIRED, None, b"")


@pytest.mark.parametrize("fault", audit_faults.STATEMENTS)
def test_no_notice_leaves_while_the_audit_log_takes_no_entry(little: Shop, fault: str) -> None:
    with receiver() as box:
        little.recipient(box)
        little.read()
        erase(little.hub, little.who(1), little.dpo)
        with audit_faults.broken(little.hub.settings.home / "control.db", fault):
            with pytest.raises((HubError, PrivacyError)):
                tell_due(little.hub)
            assert box.arrived == []
        assert tell_due(little.hub) == Round(told=1)


def test_410_ends_a_notice_and_a_silent_recipient_keeps_nobody_waiting(little: Shop) -> None:
    with receiver() as gone, receiver() as slow, receiver() as good:
        gone.status, slow.status = 410, 503
        for name, box in (("gone", gone), ("slow", slow), ("good", good)):
            little.recipient(box, name)
        little.read()
        for number in (1, 2):
            erase(little.hub, little.who(number), little.dpo)
        assert tell_due(little.hub) == Round(told=2, refused=2, later=2)
    assert (len(gone.arrived), len(slow.arrived), len(good.arrived)) == (2, 1, 2)


def test_over_tls_only_whoever_shows_a_trusted_certificate_is_told(
    little: Shop, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    with receiver(context) as box:
        secret = little.recipient(box)
        little.read()
        erase(little.hub, little.who(1), little.dpo)
        assert tell_due(little.hub) == Round(later=1)
        assert box.arrived == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        clock.forward(minutes=1)
        assert tell_due(little.hub) == Round(told=1)
    assert is_genuine(*box.arrived[0], secret)


def test_an_address_of_our_own_network_is_never_posted_to(little: Shop) -> None:
    hub = replace(little.hub, settings=replace(little.hub.settings, recipient_networks=""))
    with receiver() as box:
        little.recipient(box)
        little.read()
        erase(little.hub, little.who(1), little.dpo)
        assert tell_due(hub) == Round(later=1)
    assert box.arrived == []


def test_each_address_of_a_name_is_judged(little: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.1", "10.0.0.7")]

    with receiver() as box:
        little.recipient(box)
        little.read()
        erase(little.hub, little.who(1), little.dpo)
        monkeypatch.setattr("hub.recipients.address.socket.getaddrinfo", two)
        assert tell_due(little.hub) == Round(later=1)
    assert box.arrived == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.1",
            "224.0.0.1",
        ),
        *("::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "::"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), ())


def test_public_addresses_and_allowed_networks_are_reached() -> None:
    assert may_reach(ipaddress.ip_address("1.1.1.1"), ())
    assert may_reach(ipaddress.ip_address("2606:4700::1111"), ())
    allowed = networks_of("10.1.0.0/16 fd00::/8")
    assert may_reach(ipaddress.ip_address("10.1.2.3"), allowed)
    assert not may_reach(ipaddress.ip_address("10.2.2.3"), allowed)
    with pytest.raises(SettingsInvalid):
        networks_of("10.1.0.0/99")


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/x", "ftp://example.org", "https:///only", "https://u:p@example.org", "https://e.org/#x"),
        *("https://example.org:99999/", "https://exa mple.org", "http://127.0.0.1.example.org/", "file:///etc/hosts"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(RecipientUnfit) as refused:
        place_of(url)
    assert url not in str(refused.value)


def test_only_owner_and_dpo_say_who_receives_data_and_each_time_is_audited(little: Shop) -> None:
    new = NewRecipient(name="a", kind=RecipientKind.PROCESSOR, url="https://example.org/x", purposes=("churn",))
    with pytest.raises(AccessRefused):
        enter(little.hub, new, replace(little.dpo, role="scientist"))  # type: ignore[arg-type]  # any other role
    _, secret = enter(little.hub, new, little.owner)
    with pytest.raises(RecipientUnfit):
        enter(little.hub, new, little.owner)
    leave(little.hub, "a", little.dpo)
    with pytest.raises(RecipientUnfit):
        leave(little.hub, "a", little.dpo)
    with little.hub.reading() as session:
        told = [entry.action for _, entry in entries(session) if entry.action.startswith("recipient.")]
    assert told == ["recipient.remove", "recipient.add"]
    assert secret.hex() not in repr(secret)
    for path in little.hub.settings.home.glob("control.db*"):
        rest = path.read_bytes()
        assert secret not in rest
        assert secret.hex().encode() not in rest
        assert b"example.org/x" not in rest


def test_the_request_for_erasure_leads_to_who_was_told(little: Shop) -> None:
    with receiver() as box:
        little.recipient(box)
        little.read()
        request = little.started(1, Right.ERASURE)
        carry_out(little.hub, request.request_id, little.dpo)
    with little.hub.reading() as session:
        found = notices_of_request(session, request.request_id, request.record_id)
    assert [(each.recipient, each.kind) for each in found] == [("mailing house", NoticeKind.ERASURE)]


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the reference libraries' own tests (Apache-2.0), whose secret and signature are published."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
