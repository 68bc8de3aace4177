"""Mail to a server that is really there: what arrives, and what never leaves in clear."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from hub.anchors.anchor import Outcome
from hub.anchors.mail import MailAnchor, MailServer
from tests.builders_anchor import stated
from tests.builders_log import ALog
from tests.smtp_fake import certificate_for, mail_server

LOG = ALog()
HERE = "127.0.0.1"
ELSEWHERE = "127.0.0.2"  # an address that is not known to be this machine: mail to it must be encrypted


def anchor_at(host: str, port: int, **login: str) -> MailAnchor:
    server = MailServer(host=host, port=port, **login)
    return MailAnchor(recipient="dpo@example.org", sender="varde@example.org", server=server, every=timedelta(days=1))


def test_note_arrives_as_an_attachment_that_can_be_verified() -> None:
    with mail_server(HERE) as mailbox:
        assert anchor_at(HERE, mailbox.port).publish(stated(LOG, 7)).outcome is Outcome.PUBLISHED
    mail = message_from_bytes(mailbox.mails[0], policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("dpo@example.org", "Checkpoint of the audit log, 7 entries")
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "checkpoint-7.note"
    assert attachment.get_payload(decode=True) == LOG.note(7).encode()
    body = mail.get_body()
    assert body is not None
    assert "7 entries" in body.get_content()


def test_mail_leaves_the_machine_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate_for(ELSEWHERE, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(ELSEWHERE, tls=context) as mailbox:
        anchor = anchor_at(ELSEWHERE, mailbox.port, user="varde", password="geheim")  # noqa: S106 - the fake's
        assert anchor.publish(stated(LOG, 7)).outcome is Outcome.PUBLISHED
    assert mailbox.encrypted == [True]
    assert len(mailbox.logins) == 1


def test_server_without_encryption_gets_no_mail_and_no_password() -> None:
    with mail_server(ELSEWHERE) as mailbox:
        anchor = anchor_at(ELSEWHERE, mailbox.port, user="varde", password="geheim")  # noqa: S106 - the fake's
        seen = anchor.publish(stated(LOG, 7))
    assert (seen.outcome, seen.why) == (Outcome.REFUSED, "no_starttls")
    assert (mailbox.mails, mailbox.logins) == ([], [])


def test_certificate_that_is_not_trusted_gets_no_mail(tmp_path: Path) -> None:
    context, _ = certificate_for(ELSEWHERE, tmp_path)
    with mail_server(ELSEWHERE, tls=context) as mailbox:
        seen = anchor_at(ELSEWHERE, mailbox.port).publish(stated(LOG, 7))
    assert (seen.outcome, mailbox.mails) == (Outcome.UNREACHABLE, [])


def test_refusal_and_silence_are_told_apart() -> None:
    with mail_server(HERE, answer="552 no room") as mailbox:
        assert anchor_at(HERE, mailbox.port).publish(stated(LOG, 7)).why == "smtp_552"
    assert anchor_at(HERE, mailbox.port).publish(stated(LOG, 7)).outcome is Outcome.UNREACHABLE


def test_mailbox_is_not_read_back() -> None:
    anchor = anchor_at(HERE, 1)
    assert anchor.look(stated(LOG, 7)).outcome is Outcome.UNREADABLE
    assert list(anchor.notes(LOG.origin)) == []
    assert anchor.publish(stated(LOG, 7, signed=0)).outcome is Outcome.EMPTY


def test_password_is_not_shown() -> None:
    assert "geheim" not in repr(anchor_at(HERE, 1, user="varde", password="geheim"))  # noqa: S106 - the fake's
