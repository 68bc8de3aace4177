"""How a letter's headers stand on the wire."""

from email import message_from_bytes
from email.message import EmailMessage

import pytest

from hub.mail import LETTERS


@pytest.mark.parametrize("host", ["x.no", "personvern.en-svaert-lang-butikk.example.no", f"{'lang.' * 30}no"])
def test_the_link_to_say_no_by_is_a_link_however_long_it_is(host: str) -> None:
    link = f"<https://{host}/u/{'x' * 43}>"
    mail = EmailMessage(policy=LETTERS)
    mail["Subject"] = "Hei på deg " * 12
    mail["List-Unsubscribe"] = link
    mail.set_content("Hei på deg")
    wire = mail.as_bytes()
    assert f"List-Unsubscribe: {link}\r\n".encode() in wire
    assert f"List-Unsubscribe: {link}" in mail.as_string()
    others = [line for line in wire.split(b"\r\n") if b"List-" not in line]
    assert all(len(line) <= 78 for line in others)
    assert message_from_bytes(wire)["List-Unsubscribe"] == link
